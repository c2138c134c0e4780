import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { badReference, notFound, Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { isUsable } from "../../agents/model.ts";
import { agentItem } from "../../agents/public.ts";
import { findRun, loadedValue, loadJson, readWholeRun } from "../../runs/public.ts";
import type { SuiteDeps } from "../deps.ts";
import { suiteEvents } from "../events.ts";
import { type Case, caseOf, MOST_CASES, MOST_INPUT_BYTES, type Suite } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireOn, requireToo } from "../rights/require.ts";
import { type Assertion, assertionsSchema, isJudged } from "../rules/assertions.ts";
import { suiteCaseItem, suiteItem } from "../store.ts";

type Ops = typeof operations;

const about = ({ suite_id, id, name }: Case) => ({ suite_id, case_id: id, name });

export const createCase: Handler<Ops["createCase"], SuiteDeps> = async (call, { table, blobs }) => {
  const { context, at, body } = call;
  const own = table.of(context.tenant);
  const suite = await call.load();
  requireOn(call, suite.kind, "update");
  const { name, tags, enabled, recorded_run_id, from_run_id = null, expect_output } = body;
  const taken = from_run_id === null ? { input: (body.input ?? {}) as Json } : await takenOver();
  const expected: Assertion[] =
    expect_output && taken.output !== undefined ? [{ kind: "equals", value: taken.output }] : [];
  const assertions = assertionsOf([...expected, ...(body.assertions ?? [])]);
  await refersTo(call, own, suite, { assertions, recorded_run_id });
  const id = newId("suite_case", at);
  const now = timestamp(at);
  const one: Case = {
    id,
    suite_id: suite.id,
    name,
    input: await blobs.store(versionFiles(own.tenant, id), JSON.stringify(taken.input)),
    assertions,
    tags,
    enabled,
    from_run_id,
    recorded_run_id,
    created_by: context.actor.id,
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
  return call.commit(
    {
      writes: [own.writes.create(suiteCaseItem, one), counted(own, suite.id, 1)],
      events: [draft(suiteEvents, "suite.case_created", { id: suite.id }, { ...about(one), from_run_id })],
    },
    { ...caseOf(one), input: taken.input },
  );

  /** What a recorded run gives to the case. */
  async function takenOver(): Promise<{ readonly input: Json; readonly output?: Json | undefined }> {
    requireToo(call, "runs:read");
    const found = await readWholeRun(own, from_run_id ?? "");
    if (found === undefined) throw badReference("from_run_id");
    if (found.run.target_id !== suite.target_id) throw badReference("from_run_id", `is no run of ${suite.target_id}`);
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
  call: Parameters<typeof requireToo>[0],
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
  requireToo(call, "runs:read");
  const recorded = await findRun(own, recorded_run_id);
  if (recorded === undefined) throw badReference("recorded_run_id");
  if (recorded.run.target_id !== suite.target_id)
    throw badReference("recorded_run_id", `is no run of ${suite.target_id}`);
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

export const updateCase: Handler<Ops["updateCase"], SuiteDeps> = (call, { table, blobs }) =>
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
    const next: Case = {
      ...one,
      ...given(body),
      ...(input === undefined
        ? {}
        : { input: await blobs.store(versionFiles(own.tenant, one.id), JSON.stringify(input)) }),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const changes = changedFields(one, next, { conceal: ["input", "assertions"] });
    const data = { ...about(next), changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        writes: [own.writes.replace(suiteCaseItem, next, one.etag)],
        events: [draft(suiteEvents, "suite.case_updated", { id: suite.id }, data, { changes })],
      },
      { ...caseOf(next), input: input === undefined ? await loadJson(blobs, one.input) : input },
    );
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
