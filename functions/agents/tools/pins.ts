import * as z from "zod";
import { timestamp } from "../../../shared/clock.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { idSchema, newEtag } from "../../../shared/ids.ts";
import { type OfferKind, pinnedAs } from "../offers/rules/kinds.ts";
import { type DescribedTool, lookedAt, pinsSchema } from "./rules/pins.ts";

export const toolPinsItem = defineItem({
  type: "agent_tool_pins",
  summary:
    "Descriptions and schemas of an MCP server's tools as they may be offered, by agent version; 0 is the working copy.",
  schema: z.object({
    agent_id: idSchema("agent"),
    tool_id: idSchema("agent_tool"),
    version: z.int().min(0),
    /** Another server starts anew. */
    server: z.string(),
    pins: pinsSchema,
    etag: z.string(),
  }),
  key: { pk: "TOOL_PINS#{agent_id}", sk: "{tool_id}#{version}" },
  json: ["pins"],
});
export type ToolPins = ItemOf<typeof toolPinsItem>;

/** Which copy of a tool: of a version, or the working copy (null). */
export interface PinnedTool {
  readonly agent_id: string;
  readonly tool_id: string;
  readonly version: number | null;
  readonly server: string;
}

export const pinsKey = ({ agent_id, tool_id, version }: Omit<PinnedTool, "server">) => ({
  agent_id,
  tool_id,
  version: version ?? 0,
});

/** Others look at the same tool at the same time. */
const TRIES = 5;

/**
 * Compares what a server says of its tools with what is pinned, and remembers what is new. A version begins with what the
 * working copy has accepted.
 * @param named the pins of all that the tool's configuration names
 * @returns names of the tools that have changed and may not be offered
 */
export async function changedTools(
  table: TenantTable,
  tool: PinnedTool,
  listed: readonly DescribedTool[],
  named: ReadonlySet<string>,
  at: Date,
): Promise<ReadonlySet<string>> {
  const key = pinsKey(tool);
  for (let attempt = 1; ; attempt++) {
    const [own, working] = await table.table.batch([
      table.read(toolPinsItem, key),
      table.read(toolPinsItem, { ...key, version: 0 }),
    ]);
    const known = [own, working].find((one) => one?.server === tool.server);
    const { next, changed } = lookedAt(known?.pins ?? {}, listed, timestamp(at), named);
    if (next === undefined && own?.server === tool.server) return changed;
    const item: ToolPins = { ...key, server: tool.server, pins: { ...(next ?? known?.pins) }, etag: newEtag(at) };
    try {
      await table.apply(
        toolPinsItem,
        own === undefined
          ? table.writes.create(toolPinsItem, item)
          : table.writes.replace(toolPinsItem, item, own.etag),
      );
      return changed;
    } catch (error) {
      const lost =
        error instanceof Problem && ["already_exists", "precondition_failed", "not_found"].includes(error.code);
      if (!lost || attempt === TRIES) throw error;
    }
  }
}

/** Something of a server that has changed, as the API shows it. */
export interface ChangedTool {
  readonly version: number | null;
  readonly kind: OfferKind;
  readonly name: string;
  readonly description: string;
  readonly seen_at: string;
}

/** What of a server has changed and waits to be accepted, in the working copy and in each version. */
export async function waitingTools(table: TenantTable, agent_id: string, tool_id: string): Promise<ChangedTool[]> {
  const waiting: ChangedTool[] = [];
  for await (const { version, pins } of table.all(toolPinsItem, { of: { agent_id, tool_id } })) {
    for (const [pin, { seen }] of Object.entries(pins)) {
      if (seen === null) continue;
      const { description, seen_at } = seen;
      waiting.push({ version: version === 0 ? null : version, ...pinnedAs(pin), description, seen_at });
    }
  }
  return waiting;
}
