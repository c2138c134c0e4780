import type { Json } from "../../../shared/expressions/json.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { admitTokens } from "../../usage/public.ts";
import type { RunDeps } from "../deps.ts";
import { isLive, runStates } from "../model.ts";
import type { operations } from "../operations.ts";
import { ownLimit } from "../queue/target.ts";
import { loadJson, storeJson } from "../store.ts";
import { prepareAgent } from "./agent.ts";
import {
  agentIsActive,
  begin,
  chosen,
  ownTimeout,
  pipelineTakesRuns,
  requireAgents,
  requireRepeatable,
} from "./begin.ts";
import { preparePipeline } from "./pipeline.ts";
import { namedRun } from "./start.ts";

export { rerun } from "./rerun.ts";

type Ops = typeof operations;

export const startPipeline: Handler<Ops["startPipeline"], RunDeps> = async (call, deps) => {
  const { body, caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const input = body.input as Json;
  const { wanted, check } = await preparePipeline(
    { table, blobs: deps.blobs },
    await call.load(),
    { ...body, input, budget: chosen(body) },
    caller.organization,
    at,
  );
  return begin(call, deps, table, wanted, [check], input);
};

export const startAgent: Handler<Ops["startAgent"], RunDeps> = async (call, deps) => {
  const { body, caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const input = body.input as Json;
  const { wanted, check } = await prepareAgent(
    { table, blobs: deps.blobs },
    await call.load(),
    { ...body, input, budget: chosen(body) },
    caller.organization,
    at,
  );
  return begin(call, deps, table, wanted, [check], input);
};

/** The same pins and input again, and from the failed step what has succeeded. What the run is of must still take runs. */
export const retry: Handler<Ops["retry"], RunDeps> = async (call, deps) => {
  const { caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const { run, input: stored } = await call.load();
  requireAgents(call, run);
  requireRepeatable(run);
  if (isLive(run.status)) throw runStates.refusal(run.status, runStates.ends);
  if (stored === undefined) throw new Error(`run ${run.id} has no input`);
  await admitTokens(table, caller.organization.plan, at);
  const { from = run.status === "completed" ? "start" : "failed_step" } = call.body;
  const { kind, mode, pinned, target_id, metadata, labels, seed_run_id } = run;
  const timeout_seconds = ownTimeout(run);
  const named = namedRun(caller.organization, at, timeout_seconds);
  const input = await loadJson(deps.blobs, stored);
  const wanted = {
    ...named,
    kind,
    mode,
    pinned,
    target_id,
    timeout_seconds,
    budget: chosen(call.body, run.budget),
    limit: await ownLimit(table, target_id),
    metadata,
    labels,
    retry_of_run_id: run.id,
    ...(from === "start" ? {} : { recorded: { run_id: run.id, seed_run_id } }),
    input: await storeJson(deps.blobs, table.tenant, named, input),
  };
  const check = kind === "agent" ? agentIsActive(table, target_id) : pipelineTakesRuns(table, run);
  return begin(call, deps, table, wanted, [check], input);
};
