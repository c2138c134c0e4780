import type { Blob } from "../../../shared/blobs/blobs.ts";
import { versionFiles } from "../../../shared/blobs/purposes.ts";
import type { ChangeSet } from "../../../shared/change/commit.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { badReference, notFound, Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { type Asking, requireAlso } from "../../../shared/http/permit.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { isUsable } from "../../agents/model.ts";
import { agentItem } from "../../agents/public.ts";
import type { RunRecord } from "../../runs/model.ts";
import { findRun, loadedValue, loadJson, readWholeRun } from "../../runs/public.ts";
import type { SuiteDeps } from "../deps.ts";
import { suiteEvents } from "../events.ts";
import { type Case, caseOf, MOST_CASES, MOST_INPUT_BYTES, type Suite } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireOn } from "../rights/require.ts";
import { type Assertion, assertionsSchema, isJudged } from "../rules/assertions.ts";
import { standsForNothing } from "../rules/recorded.ts";
import { isAnswer } from "../running/refusals.ts";
import { suiteCaseItem, suiteItem } from "../store.ts";

type Ops = typeof operations;

const about = ({ suite_id, id, name }: Case) => ({ suite_id, case_id: id, name });

export const createCase: Handler<Ops["createCase"], SuiteDeps> = async (call, { table, blobs, files }) => {
  const { context, at, body } = call;
  const own = table.of(context.tenant);
  const suite = await call.load();
  requireOn(call, suite.kind, "update");
  // Before anything is stored; the count in the transaction decides.
  if (suite.cases >= MOST_CASES) throw full();
  const { name, tags, enabled, recorded_run_id, from_run_id = null, expect_output } = body;
  const taken = from_run_id === null ? { input: (body.input ?? {}) as Json } : await takenOver();
  const expected: Assertion[] =
    expect_output && taken.output !== undefined ? [{ kind: "equals", value: taken.output }] : [];
  const assertions = assertionsOf([...expected, ...(body.assertions ?? [])]);
  await refersTo(call, own, suite, { assertions, recorded_run_id });
  const id = newId("suite_case", at);
  const now = timestamp(at);
  const etag = newEtag(at);
  const input = await blobs.store(inputFiles(own, id, etag), JSON.stringify(taken.input));
  const one: Case = {
    id,
    suite_id: suite.id,
    name,
    input,
    assertions,
    tags,
    enabled,
    from_run_id,
    recorded_run_id,
    created_by: context.actor.id,
    created_at: now,
    updated_at: now,
    etag,
  };
  const change: ChangeSet = {
    writes: [own.writes.create(suiteCaseItem, one), counted(own, suite.id, 1)],
    events: [draft(suiteEvents, "suite.case_created", { id: suite.id }, { ...about(one), from_run_id })],
  };
  return unlessRefused(files, input, () => call.commit(change, { ...caseOf(one), input: taken.input }));

  /** What a recorded run gives to the case. */
  async function takenOver(): Promise<{ readonly input: Json; readonly output?: Json | undefined }> {
    requireAlso(call, "runs:read");
    const found = await readWholeRun(own, from_run_id ?? "");
    if (found === undefined) throw badReference("from_run_id");
    requireRunOf(suite, "from_run_id", found.run);
    if (expect_output && found.output === undefined)
      throw badReference("expect_output", `needs an output: the run is ${found.state.status}`);
    const [input, output] = await Promise.all([loadedValue(blobs, found.input), loadedValue(blobs, found.output)]);
    if (Buffer.byteLength(JSON.stringify(input ?? {})) > MOST_INPUT_BYTES)
      throw badReference("from_run_id", `has an input of more than ${MOST_INPUT_BYTES} bytes`);
    return { input: input ?? {}, output };
  }
};

/** With what a run has given, they are still within their bounds. @throws Problem `validation_failed` */
function assertionsOf(list: readonly Assertion[]): Assertion[] {
  const parsed = assertionsSchema.safeParse(list);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new Problem("validation_failed", "The assertions cannot be kept with the case.", {
    issues: [{ path: "assertions", message: first?.message ?? "cannot be kept" }],
  });
}

/** Whether what a case names is there: agents that judge, a run of what the suite is of. @throws Problem `reference_not_found` */
async function refersTo(
  call: Asking<"runs:read">,
  own: TenantTable,
  suite: Suite,
  {
    assertions,
    recorded_run_id,
  }: { readonly assertions: readonly Assertion[]; readonly recorded_run_id: string | null },
): Promise<void> {
  const judges = assertions.flatMap((one, i) => (isJudged(one) ? [{ i, id: one.agent_id }] : []));
  const found = await own.table.batch(judges.map(({ id }) => own.read(agentItem, { id })));
  for (const [at, { i }] of judges.entries()) {
    const agent = found[at];
    if (agent === undefined) throw badReference(`assertions.${i}.agent_id`);
    if (!isUsable(agent)) throw badReference(`assertions.${i}.agent_id`, `is ${agent.status}`);
  }
  if (recorded_run_id === null) return;
  requireAlso(call, "runs:read");
  const recorded = await findRun(own, recorded_run_id);
  if (recorded === undefined) throw badReference("recorded_run_id");
  requireRunOf(suite, "recorded_run_id", recorded.run);
}

/** A run of what the suite is of, which stands for what that does. @throws Problem `reference_not_found` */
function requireRunOf(
  suite: Suite,
  path: string,
  { target_id, test }: Pick<RunRecord, "test"> & { target_id: string },
) {
  if (target_id !== suite.target_id) throw badReference(path, `is no run of ${suite.target_id}`);
  const why = standsForNothing(test);
  if (why !== undefined)
    throw badReference(path, `${why}: name a run of the whole ${suite.kind} as it is kept, without made-up faults`);
}

/**
 * Where an input of a case lies that is too large for its item. Each change has a place of its own, so the former one can be removed
 * whatever else is stored at that moment.
 */
const inputFiles = ({ tenant }: TenantTable, case_id: string, etag: string) =>
  versionFiles(tenant, `${case_id}/${etag}`);

type Removes = SuiteDeps["files"];

/** Should it stay, it goes with the case: what was committed is not undone by a store that does not answer. */
const drop = (files: Removes, input: Blob): Promise<void> =>
  "key" in input ? files.remove(input.key).catch(() => undefined) : Promise.resolve();

/** Does a change that refers to an input; one that is refused leaves no file, which would never expire. */
async function unlessRefused<T>(files: Removes, input: Blob, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (isAnswer(error)) await drop(files, input);
    throw error;
  }
}

/** The write that counts cases of a suite. @throws Problem `conflict` when committed, where it has as many as it may */
const counted = (own: TenantTable, id: string, by: 1 | -1): Write =>
  own.writes.update(
    suiteItem,
    { id },
    { add: { cases: by } },
    by === 1 ? { below: { cases: MOST_CASES } } : { at_least: { cases: 1 } },
    (old) => (old === undefined ? notFound() : full()),
  );

const full = (): Problem => new Problem("conflict", `The suite has ${MOST_CASES} cases, the most. Make another suite.`);

export const listCases: Handler<Ops["listCases"], SuiteDeps> = async (call, { table }) => {
  const suite = await call.load();
  requireOn(call, suite.kind, "read");
  const page = await table.of(call.context.tenant).page(suiteCaseItem, { ...call.query, of: { suite_id: suite.id } });
  return { ...page, items: page.items.map(caseOf) };
};

export const getCase: Handler<Ops["getCase"], SuiteDeps> = async (call, { blobs }) => {
  const { suite, one } = await call.load();
  requireOn(call, suite.kind, "read");
  return { ...caseOf(one), input: await loadJson(blobs, one.input) };
};

export const updateCase: Handler<Ops["updateCase"], SuiteDeps> = (call, { table, blobs, files }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { at } = call;
    const own = table.of(call.context.tenant);
    const { suite, one } = await call.load(how);
    requireOn(call, suite.kind, "update");
    requireMatch(call.if_match, one.etag);
    const { input, ...body } = call.body;
    const named = {
      assertions: body.assertions ?? [],
      recorded_run_id: body.recorded_run_id ?? null,
    };
    await refersTo(call, own, suite, named);
    const etag = newEtag(at);
    const stored =
      input === undefined ? undefined : await blobs.store(inputFiles(own, one.id, etag), JSON.stringify(input));
    const next: Case = {
      ...one,
      ...given(body),
      ...(stored === undefined ? {} : { input: stored }),
      updated_at: timestamp(at),
      etag,
    };
    const changes = changedFields(one, next, { conceal: ["input", "assertions"] });
    const data = { ...about(next), changed_fields: changes.map(({ field }) => field) };
    const change: ChangeSet = {
      writes: [own.writes.replace(suiteCaseItem, next, one.etag)],
      events: [draft(suiteEvents, "suite.case_updated", { id: suite.id }, data, { changes })],
    };
    if (stored === undefined) return call.commit(change, { ...caseOf(next), input: await loadJson(blobs, one.input) });
    const answer = await unlessRefused(files, stored, () => call.commit(change, { ...caseOf(next), input }));
    await drop(files, one.input);
    return answer;
  });

/** The case goes at once; its files follow, brought about by the event. */
export const removeCase: Handler<Ops["removeCase"], SuiteDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const own = table.of(call.context.tenant);
    const { suite, one } = await call.load(how);
    requireOn(call, suite.kind, "update");
    requireMatch(call.if_match, one.etag);
    return call.commit(
      {
        writes: [
          own.writes.remove(suiteCaseItem, { suite_id: suite.id, id: one.id }, { equals: { etag: one.etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          counted(own, suite.id, -1),
        ],
        events: [draft(suiteEvents, "suite.case_deleted", { id: suite.id }, about(one))],
      },
      undefined,
    );
  });
