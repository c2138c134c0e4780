import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { agentStates } from "../../agents/model.ts";
import { agentItem, pinAgent } from "../../agents/public.ts";
import { agentOf } from "../../pipelines/graph/public.ts";
import { pipelineStates, USABLE_PIPELINE } from "../../pipelines/model.ts";
import { pinForRun, pipelineItem } from "../../pipelines/public.ts";
import { admitTokens } from "../../usage/public.ts";
import type { RunDeps } from "../deps.ts";
import { DEFAULT_TIMEOUT_SECONDS, isLive, noTotals, runStates, summaryOf, usualTimeout } from "../model.ts";
import type { operations } from "../operations.ts";
import { loadJson, type StoredRun, storeJson } from "../store.ts";
import { checkInput, type NewRun, namedRun, pinGraph, startOf } from "./start.ts";

type Ops = typeof operations;

export const startPipeline: Handler<Ops["startPipeline"], RunDeps> = async (call, deps) => {
  const { path, body, caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const { mode, revision, metadata } = body;
  const input = body.input as Json;
  const pinned = await pinForRun(
    { table, blobs: deps.blobs },
    await call.load(),
    mode === "live" ? { mode } : { mode, revision },
  );
  const { graph } = pinned.loaded;
  await checkInput(graph, input);
  const agents = await pinGraph(table, graph);
  if (graph.nodes.some((node) => agentOf(node) !== undefined)) await admitTokens(table, caller.organization.plan, at);
  const { timeout_seconds = usualTimeout(graph) } = body;
  const named = namedRun(caller.organization, at, timeout_seconds);
  const wanted = {
    kind: "pipeline",
    target_id: path.pipeline_id,
    pinned: { pipeline_id: path.pipeline_id, revision: pinned.revision, agents },
    ...{
      mode,
      metadata,
      timeout_seconds,
      parent_run_id: null,
      ...named,
      input: await storeJson(deps.blobs, table.tenant, named, input),
    },
  } as const;
  return begin(call, deps, table, wanted, [pinned.check], input);
};

export const startAgent: Handler<Ops["startAgent"], RunDeps> = async (call, deps) => {
  const { path, body, caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const { mode, version, timeout_seconds = DEFAULT_TIMEOUT_SECONDS, metadata } = body;
  const input = body.input as Json;
  const pinned = await pinAgent(table, await call.load(), version);
  await admitTokens(table, caller.organization.plan, at);
  const named = namedRun(caller.organization, at, timeout_seconds);
  const wanted = {
    kind: "agent",
    target_id: path.agent_id,
    pinned: { pipeline_id: null, revision: null, agents: { [path.agent_id]: pinned } },
    ...{
      mode,
      metadata,
      timeout_seconds,
      parent_run_id: null,
      ...named,
      input: await storeJson(deps.blobs, table.tenant, named, input),
    },
  } as const;
  return begin(call, deps, table, wanted, [agentIsActive(table, path.agent_id)], input);
};

/** The same pins and input again. What the run is of must still take runs. */
export const retry: Handler<Ops["retry"], RunDeps> = async (call, deps) => {
  const { caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const { run, input: stored } = await call.load();
  if (run.kind === "agent" && !call.may("agents:execute")) {
    throw new Problem("forbidden", "This needs the permission `agents:execute`, which your role does not grant.", {
      members: { permission: "agents:execute" },
    });
  }
  if (isLive(run.status)) throw runStates.refusal(run.status, runStates.ends);
  if (stored === undefined) throw new Error(`run ${run.id} has no input`);
  await admitTokens(table, caller.organization.plan, at);
  const { kind, mode, pinned, target_id, timeout_seconds, metadata } = run;
  const named = namedRun(caller.organization, at, timeout_seconds);
  const input = await loadJson(deps.blobs, stored);
  const wanted = {
    ...named,
    kind,
    mode,
    pinned,
    target_id,
    timeout_seconds,
    metadata,
    parent_run_id: run.id,
    input: await storeJson(deps.blobs, table.tenant, named, input),
  };
  const check = kind === "agent" ? agentIsActive(table, target_id) : pipelineTakesRuns(table, run);
  return begin(call, deps, table, wanted, [check], input);
};

/**
 * Commits the start and starts the workflow. Should that fail, or this function end in between, the consumer of
 * `run.started` starts it: the execution is named after the run, so both together start it once.
 */
async function begin(
  call: Pick<Call<Ops["retry"]>, "caller" | "at" | "request" | "commit">,
  deps: RunDeps,
  table: TenantTable,
  wanted: NewRun,
  checks: readonly Write[],
  input: Json,
): Promise<Output<Ops["retry"]>> {
  const { principal, organization } = call.caller;
  const starter = { principal, plan: organization.plan, at: call.at, trace_id: call.request.id };
  const { run, writes, event } = startOf(table, starter, wanted);
  const view = { ...summaryOf(run, noTotals), input, output: null };
  const answer = await call.commit({ writes: [...checks, ...writes], events: [event] }, view);
  await deps.workflow.start(table.tenant, run.id).catch((error: unknown) => {
    deps.log.error("run.start_delayed", error, { run_id: run.id });
  });
  return answer;
}

const agentIsActive = (table: TenantTable, id: string): Write =>
  table.writes.check(agentItem, { id }, { equals: { status: "active" } }, (old) =>
    agentStates.refusal(old?.status ?? "deleted", ["active"]),
  );

function pipelineTakesRuns(table: TenantTable, { target_id, mode }: StoredRun): Write {
  const status = mode === "live" ? (["active"] as const) : USABLE_PIPELINE;
  return table.writes.check(pipelineItem, { id: target_id }, { one_of: { status } }, (old) =>
    pipelineStates.refusal(old?.status ?? "deleted", status),
  );
}
