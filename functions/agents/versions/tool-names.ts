import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { agentVersionItem } from "../store.ts";
import { snapshotOf } from "./pin.ts";

/** A tool of a version, as far as it can be named. */
export interface NamedTool {
  readonly name: string;
  readonly is_enabled: boolean;
  /** Of an MCP server, which of its tools may be used; null of others. */
  readonly of_server: readonly string[] | null;
}

/** The tools of versions of agents, in the order in which they are asked for; undefined for a version that is not there. */
export async function toolNames(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  wanted: readonly { readonly agent_id: string; readonly version: number }[],
): Promise<(readonly NamedTool[] | undefined)[]> {
  const found = await table.table.batch(
    wanted.map(({ agent_id, version }) => table.read(agentVersionItem, { agent_id, number: version })),
  );
  return Promise.all(
    found.map(async (stored) => {
      if (stored === undefined) return undefined;
      const { tools } = await snapshotOf(blobs, stored);
      return tools.map(({ name, is_enabled, tool_type, config }): NamedTool => {
        const of_server = tool_type === "mcp" && Array.isArray(config.tools) ? config.tools.map(String) : null;
        return { name, is_enabled, of_server };
      });
    }),
  );
}
