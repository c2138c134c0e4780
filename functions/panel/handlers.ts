import type { Json } from "../../shared/expressions/json.ts";
import type { Call, Handler } from "../../shared/http/call.ts";
import { type Asking, requireAlso } from "../../shared/http/permit.ts";
import type { Graph } from "../pipelines/graph/public.ts";
import { type PipelineHead, sealDraft } from "../pipelines/public.ts";
import {
  prepareAgentTest,
  preparePipeline,
  runDeleted,
  runRemoval,
  type Trial,
  triedRun,
} from "../runs/trial/public.ts";
import { testedAgent } from "./asking/agent.ts";
import { upstreamOf } from "./asking/node.ts";
import { trialOf } from "./asking/trial.ts";
import type { PanelDeps } from "./deps.ts";
import type { operations } from "./operations.ts";
import { historyOf, resultOf } from "./results/reading.ts";
import { secondsOf, startTest } from "./running/testing.ts";

type Ops = typeof operations;

export const testAgent: Handler<Ops["testAgent"], PanelDeps> = async (call, deps) => {
  const { body, caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const input = body.input as Json;
  const trial = await trialOf(call, table, body, "agents:execute");
  const tested = await testedAgent(call, deps);
  const { wanted, check } = await prepareAgentTest(
    { table, blobs: deps.blobs },
    call.path.agent_id,
    tested,
    { input, timeout_seconds: secondsOf(body.options), trial },
    caller.organization,
    at,
  );
  return startTest(call, deps, { wanted, checks: [check], input }, body.options);
};

export const testPipeline: Handler<Ops["testPipeline"], PanelDeps> = async (call, deps) => {
  const input = call.body.input as Json;
  return startTest(call, deps, await prepared(call, deps, input, undefined), call.body.options);
};

export const testNode: Handler<Ops["testNode"], PanelDeps> = async (call, deps) => {
  const upstream = await upstreamOf(call, deps);
  return startTest(call, deps, await prepared(call, deps, upstream.input, upstream), call.body.options);
};

/** A test of a pipeline, or of one node of it, as it is about to start. */
async function prepared(
  call: Call<Ops["testPipeline"]> | Call<Ops["testNode"]>,
  deps: PanelDeps,
  input: Json,
  node: Trial["node"],
) {
  const { body, caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const told = await trialOf(call, table, body, "pipelines:execute");
  const head = await call.load();
  const draft = body.graph === undefined ? undefined : await draftOf(call, deps, head, body.graph);
  const { wanted, check } = await preparePipeline(
    { table, blobs: deps.blobs },
    head,
    {
      mode: "test",
      metadata: {},
      labels: [],
      input,
      revision: body.revision,
      timeout_seconds: secondsOf(body.options),
      trial: triedRun({ ...told, draft, node }),
    },
    caller.organization,
    at,
  );
  return { wanted, checks: [check], input };
}

/** Whoever may not change the pipeline runs what others have drawn. */
async function draftOf(
  call: Asking<"pipelines:update"> & Pick<Call<Ops["testPipeline"]>, "context">,
  { blobs, secrets }: PanelDeps,
  head: PipelineHead,
  graph: Graph,
) {
  requireAlso(call, "pipelines:update", "A graph of one's own");
  return sealDraft({ blobs, secrets, tenant: call.context.tenant }, head, graph);
}

export const listAgentTests: Handler<Ops["listAgentTests"], PanelDeps> = async (call, { table }) => {
  await call.load();
  return historyOf(table.of(call.context.tenant), call.path, call.query);
};

export const listPipelineTests: Handler<Ops["listPipelineTests"], PanelDeps> = async (call, { table }) => {
  await call.load();
  return historyOf(table.of(call.context.tenant), call.path, call.query);
};

export const getTest: Handler<Ops["getTest"], PanelDeps> = async (call, deps) =>
  resultOf(deps.table.of(call.context.tenant), deps, await call.load());

/** The run is gone with this transaction, as by its own DELETE. */
export const removeTest: Handler<Ops["removeTest"], PanelDeps> = async (call, { table }) => {
  const { run } = await call.load();
  return call.commit({ writes: runRemoval(table.of(call.context.tenant), run), events: [runDeleted(run)] }, undefined);
};
