import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { keepPrompts } from "../graph/prompts.ts";
import { canonicalGraph } from "../graph/rules/canonical.ts";
import type { Graph } from "../graph/rules/nodes.ts";
import { requireGraphContents } from "../graph/run.ts";
import { sealHeaders } from "../graph/secret-headers.ts";
import type { PipelineHead } from "../resources.ts";
import { type LoadedRevision, openRevision } from "./revision.ts";

/** A graph as a revision would have it, which is none. */
export type Draft = Pick<LoadedRevision, "graph" | "secrets">;

/**
 * Prepares a graph that was sent to be run once, as one that is saved: what stands for stored prompts and secret values means
 * those of the newest revision. Nothing is stored of it.
 * @throws Problem `validation_failed`
 */
export async function sealDraft(
  deps: { readonly blobs: Blobs; readonly secrets: Sealer; readonly tenant: string },
  { newest }: PipelineHead,
  graph: Graph,
): Promise<Draft> {
  await requireGraphContents(graph);
  const current = await openRevision(deps.blobs, newest);
  const whole = keepPrompts(graph, current.graph, "graph");
  const sealed = await sealHeaders(deps.secrets, deps.tenant, whole, current, "graph");
  return { secrets: sealed.secrets, graph: canonicalGraph(sealed.graph) };
}
