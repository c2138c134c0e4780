import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Call } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import type { Trial } from "../../runs/trial/public.ts";
import { loadedValue, readWholeRun } from "../../runs/trial/public.ts";
import type { PanelDeps } from "../deps.ts";
import type { operations } from "../operations.ts";

/** What comes to the node under test: of a run of its pipeline, and as it was sent. */
export async function upstreamOf(
  call: Call<(typeof operations)["testNode"]>,
  { table, blobs }: PanelDeps,
): Promise<NonNullable<Trial["node"]>> {
  const { path, body, context } = call;
  const { run_id } = body;
  if (run_id !== undefined) requireAlso(call, "runs:read", "Taking from a run");
  const found = run_id === undefined ? undefined : await readWholeRun(table.of(context.tenant), run_id);
  if (run_id !== undefined && found?.run.pinned.pipeline_id !== path.pipeline_id) {
    const message = "is no run of this pipeline";
    throw new Problem("validation_failed", `\`run_id\` ${message}.`, { issues: [{ path: "run_id", message }] });
  }
  const input = body.input === undefined ? await loadedValue(blobs, found?.input) : (body.input as Json);
  const outputs = body.upstream as Record<string, Json>;
  return { node_id: path.node_id, input: input ?? {}, outputs, run: found?.run };
}
