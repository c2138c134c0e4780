import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { agentContextItem, agentToolItem, type Parts, type StoredContext, type StoredTool } from "../store.ts";
import type { SnapshotContent } from "./rules/snapshot.ts";

const INCOMPLETE = {
  code: "incomplete",
  message: "Its content had not arrived when it was copied. Refresh it, or upload the file again.",
};

/** A context out of a snapshot. Nobody is fetching or uploading any more what had not arrived then. */
const settled = (context: SnapshotContent["contexts"][number]): SnapshotContent["contexts"][number] =>
  context.status === "pending" || context.status === "processing"
    ? { ...context, status: "failed", error: INCOMPLETE }
    : context;

/** A snapshot's contexts and tools as the working copy of an agent; what was there before keeps its age. */
export function partsFrom(content: SnapshotContent, agent_id: string, at: Date, current: Parts): Parts {
  const now = timestamp(at);
  const born = new Map([...current.contexts, ...current.tools].map(({ id, created_at }) => [id, created_at]));
  const common = (id: string) => ({ agent_id, created_at: born.get(id) ?? now, updated_at: now, etag: newEtag(at) });
  return {
    contexts: content.contexts.map(
      (context): StoredContext => ({
        ...settled(context),
        ...common(context.id),
        attempt: null,
        upload_until: undefined,
      }),
    ),
    tools: content.tools.map((tool): StoredTool => ({ ...tool, ...common(tool.id), name_key: nameKey(tool.name) })),
  };
}

/** The writes that put parts in the place of those that are there: at most 20 of each kind written, 20 removed. */
export function replaceParts(tenant: TenantTable, agent_id: string, current: Parts, next: Parts): Write[] {
  const contexts = new Set(next.contexts.map(({ id }) => id));
  const tools = new Set(next.tools.map(({ name_key }) => name_key));
  return [
    ...current.contexts
      .filter(({ id }) => !contexts.has(id))
      .map(({ id }) => tenant.writes.remove(agentContextItem, { agent_id, id }, {})),
    ...current.tools
      .filter(({ name_key }) => !tools.has(name_key))
      .map(({ name_key }) => tenant.writes.remove(agentToolItem, { agent_id, name_key }, {})),
    ...next.contexts.map((context) => tenant.writes.put(agentContextItem, context)),
    ...next.tools.map((tool) => tenant.writes.put(agentToolItem, tool)),
  ];
}
