import { badReference, Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Call } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { loadedValue, readWholeRun, type Trial } from "../../runs/trial/public.ts";
import { readCase } from "../../suites/public.ts";
import type { PanelDeps } from "../deps.ts";
import type { operations } from "../operations.ts";

type NodeCall = Call<(typeof operations)["testNode"]>;

/** What comes to the node under test: of a run of its pipeline, of a test case, and as it was sent. */
export async function upstreamOf(call: NodeCall, deps: PanelDeps): Promise<NonNullable<Trial["node"]>> {
  const { path, body } = call;
  const taken = body.case === undefined ? await ofRun(call, deps, body.run_id) : await ofCase(call, deps, body.case);
  const input = body.input === undefined ? taken.input : (body.input as Json);
  const outputs = body.upstream as Record<string, Json>;
  return { node_id: path.node_id, input: input ?? {}, outputs, run: taken.run };
}

/** @throws Problem `validation_failed` for a run that is none of the pipeline */
async function ofRun(call: NodeCall, deps: PanelDeps, run_id: string | undefined) {
  if (run_id === undefined) return {};
  const found = await readRun(call, deps, run_id);
  if (found === undefined) {
    const message = "is no run of this pipeline";
    throw new Problem("validation_failed", `\`run_id\` ${message}.`, { issues: [{ path: "run_id", message }] });
  }
  return { run: found.run, input: await loadedValue(deps.blobs, found.input) };
}

/** Its run may be gone since: then only what is sent comes to the node. @throws Problem `reference_not_found` */
async function ofCase(call: NodeCall, deps: PanelDeps, { suite_id, case_id }: NonNullable<NodeCall["body"]["case"]>) {
  requireAlso(call, "pipelines:read", "Taking from a test case");
  const found = await readCase(deps.table.of(call.context.tenant), suite_id, case_id);
  if (found?.suite.target_id !== call.path.pipeline_id) throw badReference("case", "is no test case of this pipeline");
  const { input, recorded_run_id, from_run_id } = found.one;
  const run_id = recorded_run_id ?? from_run_id;
  const run = run_id === null ? undefined : (await readRun(call, deps, run_id))?.run;
  return { run, input: JSON.parse(await deps.blobs.load(input)) as Json };
}

async function readRun(call: NodeCall, { table }: PanelDeps, run_id: string) {
  requireAlso(call, "runs:read", "Taking from a run");
  const found = await readWholeRun(table.of(call.context.tenant), run_id);
  return found?.run.pinned.pipeline_id === call.path.pipeline_id ? found : undefined;
}
