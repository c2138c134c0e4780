import { type ChangeSet, MOST_ACCESS_PROOFS } from "../../../shared/change/commit.ts";
import type { EventDraft } from "../../../shared/change/events.ts";
import { TRANSACTION_ITEMS } from "../../../shared/dynamo/transaction.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { type Issue, Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Asking } from "../../../shared/http/permit.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import {
  createPortable as createAgent,
  guardrailIssues,
  type Maker,
  unsupplied,
  updatePortable as updateAgent,
} from "../../agents/portable/public.ts";
import { type CallableModel, providerChecks, resolveModel } from "../../models/public.ts";
import {
  createPortable as createPipeline,
  unsuppliedIn,
  updatePortable as updatePipeline,
  withStoredSecrets,
} from "../../pipelines/portable/public.ts";
import type { ExchangeDeps } from "../deps.ts";
import type { ImportNeed, importActions } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireAll } from "../rights/require.ts";
import { type Plan, type PlannedAgent, planned } from "./plan.ts";

type Ops = typeof operations;
export type ImportCall = Asking<ImportNeed> & Pick<Call<Ops["importDocument"]>, "context" | "caller" | "at">;
type ImportOptions = Omit<Call<Ops["importDocument"]>["body"], "document"> & { readonly document: unknown };
export type ImportAnswer = ReturnType<typeof answered>;

interface Import {
  readonly answer: ImportAnswer;
  /** Undefined where nothing is to be done: in a dry run, and where everything is here already. */
  readonly change: ChangeSet | undefined;
}

/** What the idempotency key's answer takes. */
const ANSWER = 1;
/** All that an import may write at once: what a transaction takes, an operator's access beside it. */
const LARGEST = TRANSACTION_ITEMS - MOST_ACCESS_PROOFS;

const writing = ({ action }: { readonly action: string }): boolean => action === "create" || action === "update";

const kinds = ["agents", "pipelines"] as const;

/**
 * What an import does to each kind has to be permitted. The answer tells of what is here already how it differs, which
 * is reading it.
 */
const needs: Readonly<Record<(typeof importActions)[number], readonly ("create" | "read" | "update")[]>> = {
  create: ["create"],
  unchanged: ["read"],
  update: ["read", "update"],
  conflict: ["read", "update"],
};

/** @throws Problem `forbidden` unless the caller may do to each kind what the import does to it */
const requireRights = (call: ImportCall, plan: Plan): void =>
  requireAll(
    call,
    kinds.flatMap((kind) =>
      plan[kind].flatMap(({ action }) => needs[action].map((verb): ImportNeed => `${kind}:${verb}`)),
    ),
  );

/** The models of all agents that are written. @throws Problem `unknown_model` with every agent whose model there is not */
async function modelsOf(deps: ExchangeDeps, tenant: string, agents: readonly PlannedAgent[], at: Date) {
  const models = new Map<string, CallableModel>();
  const issues: Issue[] = [];
  const unguarded: Issue[] = [];
  for (const [i, one] of agents.entries()) {
    if (!writing(one)) continue;
    const { model_id, fallback_model_ids } = one.thing;
    const named = [
      ["model_id", model_id],
      ...fallback_model_ids.map((id, n) => [`fallback_model_ids.${n}`, id]),
    ] as const;
    for (const [field = "", id = ""] of named) {
      const model = models.get(id) ?? (await resolveModel(deps.table, tenant, id, at));
      if (model === undefined)
        issues.push({
          path: `document.agents.${i}.${field}`,
          message: `names ${id}, which this organization cannot use`,
        });
      else models.set(id, model);
    }
    const { model_id: searched } = one.thing.retrieval;
    if ((await resolveModel(deps.table, tenant, searched, at, "embedding")) === undefined)
      issues.push({
        path: `document.agents.${i}.retrieval.model_id`,
        message: `names ${searched}, by which this organization cannot search contexts`,
      });
    const idOf = (id: string) => models.get(id)?.model.id ?? id;
    const resolved = { ...one.thing, model_id: idOf(model_id), fallback_model_ids: fallback_model_ids.map(idOf) };
    unguarded.push(...guardrailIssues(resolved, `document.agents.${i}.`));
  }
  if (issues.length > 0)
    throw new Problem(
      "unknown_model",
      "The organization cannot use all models. Give `model_id` to use one for all agents.",
      { issues },
    );
  if (unguarded.length > 0)
    throw new Problem("validation_failed", "A guardrail does not guard all models of its agent.", {
      issues: unguarded,
    });
  return models;
}

/** A prompt is shown to whoever may read prompts. */
const concealed = (call: ImportCall, path: string): boolean =>
  /(^|\.)(system_prompt|system_prompt_override)$/.test(path) && !call.may("agents:read_prompts");

function answered(call: ImportCall, plan: Plan, dry_run: boolean) {
  const of = (type: "agent" | "pipeline") =>
    (type === "agent" ? plan.agents : plan.pipelines).map(({ id, name, document_name, action, changes, before }) => ({
      type,
      name,
      document_name,
      id: dry_run && before === undefined ? null : id,
      action,
      changes: changes.map((one) =>
        concealed(call, one.path) ? { path: one.path, old: null, new: null } : { ...one },
      ),
    }));
  const to_supply = [
    ...plan.agents
      .filter(writing)
      .flatMap(({ thing, before }) =>
        unsupplied(thing, before?.whole.parts).map((place) => `agents.${thing.name}.${place}`),
      ),
    ...plan.pipelines.filter(writing).flatMap(({ thing, before }) => {
      const graph = before === undefined ? thing.graph : withStoredSecrets(thing.graph, before.current.graph);
      return unsuppliedIn(graph).map((place) => `pipelines.${thing.name}.${place}`);
    }),
  ].sort();
  return { dry_run, items: [...of("agent"), ...of("pipeline")], to_supply };
}

/** A store that keeps nothing, for a dry run. */
const keepingNothing = ({ blobs, ...others }: ExchangeDeps): ExchangeDeps => ({
  ...others,
  blobs: { ...blobs, store: async () => ({ inline: "" }) },
});

/** What an import comes to, by what is there now. */
async function prepared(call: ImportCall, given: ExchangeDeps, how: ImportOptions): Promise<Import> {
  const deps = how.dry_run ? keepingNothing(given) : given;
  const { context, at } = call;
  const { tenant, actor } = context;
  const plan = await planned(deps, tenant, how.document, { ...how, at });
  requireRights(call, plan);
  const models = await modelsOf(deps, tenant, plan.agents, at);
  const answer = answered(call, plan, how.dry_run);
  const conflicts = how.dry_run ? [] : answer.items.filter(({ action }) => action === "conflict");
  if (conflicts.length > 0)
    throw new Problem(
      "already_exists",
      `${conflicts.length} things of the document are here already and differ. Choose \`on_conflict\`: rename or update.`,
      {
        issues: conflicts.map(({ type, name }) => ({
          path: `document.${type}s`,
          message: `has ${JSON.stringify(name)}, which is here already`,
        })),
        members: { items: answer.items },
      },
    );
  const maker: Maker = { tenant, actor, at };
  const ported = [];
  for (const one of plan.agents.filter(writing)) {
    const { id, before, changes } = one;
    const idOf = (model_id: string) => models.get(model_id)?.model.id ?? model_id;
    const { model_id, fallback_model_ids } = one.thing;
    const thing = { ...one.thing, model_id: idOf(model_id), fallback_model_ids: fallback_model_ids.map(idOf) };
    const fields = [...new Set(changes.map(({ path }) => path.split(".", 1)[0] ?? ""))];
    ported.push(
      before === undefined
        ? await createAgent(deps, maker, { id, workspace_ids: how.workspace_ids }, thing)
        : await updateAgent(deps, maker, before.whole, before.read, thing, fields),
    );
  }
  for (const { id, thing, before, claim } of plan.pipelines.filter(writing))
    ported.push(
      before === undefined
        ? await createPipeline(deps, { context, at }, { id, workspace_ids: how.workspace_ids, claim }, thing)
        : await updatePipeline(deps, { context, at }, before, thing),
    );
  const own = deps.table.of(tenant);
  const providers = new Map([...models.values()].map((model) => [model.stored?.name, model]));
  const places = kinds.flatMap((kind): Write[] => {
    const count = plan[kind].filter(({ action }) => action === "create").length;
    return count === 0 ? [] : [takeQuota(own, call.caller.organization.plan, kind, count)];
  });
  const checks = [...providers.values()].flatMap((model) =>
    model.source === "organization" ? providerChecks(own, model) : [],
  );
  const writes = [...places, ...checks, ...ported.flatMap((one) => one.writes)];
  const [first, ...others]: EventDraft[] = ported.flatMap((one) => one.events);
  // Everything is here already.
  if (first === undefined) return { answer, change: undefined };
  const events = [first, ...others] as const;
  const items = writes.length + events.reduce((sum, { definition }) => sum + (definition.audited ? 2 : 1), 0) + ANSWER;
  if (items > LARGEST) throw tooLarge(items);
  if (how.dry_run) return { answer, change: undefined };
  return { answer, change: { writes, events, largest: LARGEST } };
}

/** Told, by a dry run too, before anything is written: to do it in parts would be to do it by halves. */
const tooLarge = (items: number): Problem =>
  new Problem(
    "validation_failed",
    `The document would write ${items} items of the table; all is written at once, which takes ${LARGEST}. Import the agents first, in parts, then the pipelines that name them.`,
    {
      issues: [{ path: "document", message: `would write ${items} items; ${LARGEST} are written at once` }],
      members: { items, limit: LARGEST },
    },
  );

/** How often an import that others have overtaken looks again at what is there. */
const ATTEMPTS = 4;

/**
 * Makes a document things of the organization: all of it in one transaction, or nothing. Whoever is overtaken by others
 * gets the answer that they would have got after them.
 * @param answerOf what the operation answers of what was done
 */
export async function carriedIn<A>(
  call: ImportCall & { commit(change: ChangeSet, answer: A): Promise<A> },
  deps: ExchangeDeps,
  how: ImportOptions,
  answerOf: (done: ImportAnswer) => A,
): Promise<A> {
  for (let attempt = 1; ; attempt++) {
    const { answer, change } = await prepared(call, deps, how);
    if (change === undefined) return answerOf(answer);
    try {
      return await call.commit(change, answerOf(answer));
    } catch (error) {
      if (!(error instanceof Problem) || !overtaken.has(error.code)) throw error;
      if (attempt < ATTEMPTS) continue;
      throw new Problem(
        "conflict",
        "Others are changing all the time what the document would change. Nothing was imported; try again.",
        { cause: error },
      );
    }
  }
}

/** How a transaction is refused that was right by what had been read: a thing has changed or is gone, or a name is taken. */
const overtaken: ReadonlySet<string> = new Set(["precondition_failed", "already_exists", "not_found"]);
