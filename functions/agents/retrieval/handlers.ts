import { draft } from "../../../shared/change/events.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { resolveModel } from "../../models/public.ts";
import { refuseArchived } from "../definition/changes.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { agentVersionItem } from "../store.ts";
import { snapshotOf } from "../versions/pin.ts";
import { indexOf } from "./embedding.ts";
import type { RetrievalState } from "./model.ts";
import { type Runnable, retrievalState, workingCopy } from "./state.ts";

type Ops = typeof operations;

/** @throws Problem `not_found` */
async function versionOf(deps: AgentDeps, tenant: string, agent_id: string, number: number): Promise<Runnable> {
  const stored = await deps.table.of(tenant).get(agentVersionItem, { agent_id, number });
  if (stored === undefined) throw notFound();
  const { definition, contexts } = await snapshotOf(deps.blobs, stored);
  return { agent_id, version: number, retrieval: definition.retrieval, contexts, changed_at: stored.created_at };
}

/** How far it is indexed, by the model as it is served now. */
async function stateOf(deps: AgentDeps, tenant: string, one: Runnable, at: Date): Promise<RetrievalState> {
  const { model_id } = one.retrieval;
  const model = await resolveModel(deps.table, tenant, model_id, at, "embedding");
  return retrievalState(deps.table.of(tenant), one, indexOf(model_id, model), at);
}

export const getRetrieval: Handler<Ops["getRetrieval"], AgentDeps> = async (call, deps) => {
  const { context, at, query } = call;
  const whole = await call.load();
  const { tenant } = context;
  const one =
    query.version === undefined ? workingCopy(whole) : await versionOf(deps, tenant, whole.agent.id, query.version);
  return stateOf(deps, tenant, one, at);
};

export const indexContexts: Handler<Ops["indexContexts"], AgentDeps> = async (call, deps) => {
  const { context, at, query } = call;
  const { tenant } = context;
  const whole = await call.load();
  const { id: agent_id, name, active_version } = whole.agent;
  refuseArchived(whole.agent);
  const numbers = [query.version ?? active_version].filter((number) => number !== null);
  const versions = await Promise.all(numbers.map((number) => versionOf(deps, tenant, agent_id, number)));
  const asked = query.version === undefined ? [workingCopy(whole), ...versions] : versions;
  const states = (await Promise.all(asked.map((one) => stateOf(deps, tenant, one, at)))).filter((one) => one.searched);
  const [state, ...others] = states;
  if (state === undefined)
    throw new Problem("conflict", "The agent's contexts are sent whole: there is nothing to index.", {
      members: { state: "not_searched" },
    });
  const contexts = state.contexts.map((one) =>
    one.status === "failed" ? { ...one, status: "pending" as const, error: null, updated_at: null } : one,
  );
  const pending = contexts.some(({ status }) => status === "pending");
  const requested = ({ version }: RetrievalState) =>
    draft(agentEvents, "agent.index_requested", { id: agent_id, name }, { agent_id, version, rest: false });
  return call.commit(
    // What has failed is taken up by whoever hears of it; what somebody is at stays theirs.
    { writes: [], events: [requested(state), ...others.map(requested)] },
    { ...state, contexts, status: pending ? ("pending" as const) : ("ready" as const) },
  );
};
