import { uploadKey } from "../../../shared/blobs/purposes.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem, wrongState } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { giveLease, type Lease, takeLease } from "../../../shared/limits/leases.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import type { StoredContext } from "../store.ts";

/** How long an upload address works. */
const UPLOAD_SECONDS = 900;

type Change = "created" | "updated" | "deleted" | "uploaded";

export const changed = (
  context: StoredContext,
  change: Change,
  more: Partial<{ fields: string[]; fetch: string }> = {},
): EventDraft =>
  draft(
    agentEvents,
    "agent.context_changed",
    { id: context.agent_id },
    {
      agent_id: context.agent_id,
      context_id: context.id,
      change,
      changed_fields: more.fields ?? [],
      fetch: more.fetch ?? null,
    },
  );

/** The address as it is stored. @throws Problem `unsafe_url` for an address that the guard refuses */
export function safeUrl(deps: AgentDeps, url: string): string {
  const checked = deps.checkUrl(url);
  if (checked.ok) return checked.url.href;
  const { message } = checked.error;
  throw new Problem("unsafe_url", message, { issues: [{ path: "url", message }] });
}

/** Takes a place among the uploads of the plan. */
export async function placeForUpload(
  table: TenantTable,
  plan: Organization["plan"],
  at: Date,
): Promise<{ readonly lease: Lease; readonly upload_until: string }> {
  const lease = await takeLease(table, plan, "uploads", UPLOAD_SECONDS, () => at);
  return { lease, upload_until: timestamp(addSeconds(at, UPLOAD_SECONDS)) };
}

/** Gives back the place of an upload that is over: used, replaced, or not wanted any more. */
export async function uploadEnded(table: TenantTable, context: StoredContext | undefined, at: Date): Promise<void> {
  if (context?.upload_until === undefined) return;
  // A place that cannot be given back is free again when its time is over.
  await giveLease(table, "uploads", new Date(context.upload_until), at).catch(() => undefined);
}

/** Where the file of this attempt is to be sent. */
export async function uploadFor(deps: AgentDeps, tenant: string, context: StoredContext) {
  if (context.file === null || context.attempt === null || context.upload_until === undefined) return null;
  const { media_type, size_bytes } = context.file;
  const target = await deps.files.uploadTarget(
    { key: uploadKey(tenant, context.id, context.attempt), content_type: media_type, bytes: size_bytes },
    UPLOAD_SECONDS,
  );
  return { ...target, expires_at: context.upload_until };
}

/** Refuses what only one type of context can do. */
export function needType(context: StoredContext, needed: StoredContext["content_type"]): void {
  if (context.content_type !== needed) throw wrongState("context's type", context.content_type, needed);
}
