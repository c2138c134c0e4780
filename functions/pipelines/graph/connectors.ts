import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Connectors } from "../../connectors/public.ts";
import type { Finding } from "./finding.ts";
import { idsNamed, referencesOf } from "./rules/kinds.ts";
import type { Graph } from "./rules/nodes.ts";

/** What is wrong with the connectors that a graph asks. */
export async function connectorFindings(
  connectors: Pick<Connectors, "find">,
  table: TenantTable,
  graph: Graph,
): Promise<Finding[]> {
  const ids = idsNamed(graph, "connector");
  const found = ids.length === 0 ? new Map() : await connectors.find(table, ids);
  return graph.nodes.flatMap((node) =>
    referencesOf(node).flatMap(({ type, id }): Finding[] => {
      if (type !== "connector" || found.get(id)?.active === true) return [];
      const [code, what] = found.has(id)
        ? ["connector_inactive", "which is switched off. Switch it on, or choose another."]
        : ["connector_not_found", "and there is no such connector. Choose another."];
      return [
        {
          code,
          message: `"${node.label}" (${node.id}) asks ${id}, ${what}`,
          node_ids: [node.id],
          connection_ids: [],
        },
      ];
    }),
  );
}
