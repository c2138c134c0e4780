import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { idSchema } from "../../../shared/ids.ts";
import { pipelineItem } from "../store.ts";
import type { Finding } from "./finding.ts";
import { idsNamed, referencesOf } from "./rules/kinds.ts";
import type { Graph } from "./rules/nodes.ts";

const pipelineId = idSchema("pipeline");

/**
 * What is wrong with the pipelines that a graph runs, read in one batch. Whether they run within themselves is seen when a run
 * starts: by then each of them may have changed.
 */
export async function calledFindings(table: TenantTable, graph: Graph): Promise<Finding[]> {
  const ids = idsNamed(graph, "pipeline").filter((id) => pipelineId.safeParse(id).success);
  const found = await table.table.batch(ids.map((id) => table.read(pipelineItem, { id })));
  const pipelines = new Map(found.flatMap((one) => (one === undefined ? [] : [[one.id, one] as const])));
  return graph.nodes.flatMap((node) =>
    referencesOf(node).flatMap(({ type, id, pin }): Finding[] => {
      if (type !== "pipeline") return [];
      const wrong = (code: string, what: string) => [
        { code, message: `"${node.label}" (${node.id}) ${what}`, node_ids: [node.id], connection_ids: [] },
      ];
      const pipeline = pipelines.get(id);
      if (pipeline === undefined)
        return wrong("pipeline_not_found", `runs ${id}, and there is no such pipeline. Choose another.`);
      if (pipeline.status !== "active")
        return wrong("pipeline_not_active", `runs ${id}, which is ${pipeline.status}. Activate it, or choose another.`);
      if (pin !== undefined && pin.number > pipeline.revision)
        return wrong(
          "pipeline_revision_not_found",
          `names revision ${pin.number} of ${id}, whose newest is ${pipeline.revision}. Choose another.`,
        );
      return [];
    }),
  );
}
