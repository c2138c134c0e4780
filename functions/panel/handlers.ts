import type { Json } from "../../shared/expressions/json.ts";
import type { Handler } from "../../shared/http/call.ts";
import { preparePipeline, runDeleted, runRemoval } from "../runs/public.ts";
import type { PanelDeps } from "./deps.ts";
import type { operations } from "./operations.ts";
import { historyOf, resultOf } from "./results/reading.ts";
import { secondsOf, startTest } from "./running/testing.ts";

type Ops = typeof operations;

export const testPipeline: Handler<Ops["testPipeline"], PanelDeps> = async (call, deps) => {
  const { body, caller, at } = call;
  const table = deps.table.of(caller.organization.id);
  const input = body.input as Json;
  const { wanted, check } = await preparePipeline(
    { table, blobs: deps.blobs },
    await call.load(),
    {
      mode: "test",
      metadata: {},
      labels: [],
      input,
      revision: body.revision,
      timeout_seconds: secondsOf(body.options),
    },
    caller.organization,
    at,
  );
  return startTest(call, deps, { wanted, checks: [check], input }, body.options);
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
