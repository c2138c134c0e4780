import { uploadKey } from "../../../shared/blobs/purposes.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { Problem, wrongState } from "../../../shared/errors.ts";
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

/** Where the file of this attempt is to be sent. */
export async function uploadFor(deps: AgentDeps, tenant: string, context: StoredContext, at: Date) {
  if (context.file === null || context.attempt === null) return null;
  const { media_type, size_bytes } = context.file;
  const target = await deps.files.uploadTarget(
    { key: uploadKey(tenant, context.id, context.attempt), content_type: media_type, bytes: size_bytes },
    UPLOAD_SECONDS,
  );
  return { ...target, expires_at: timestamp(addSeconds(at, UPLOAD_SECONDS)) };
}

/** Refuses what only one type of context can do. */
export function needType(context: StoredContext, needed: StoredContext["content_type"]): void {
  if (context.content_type !== needed) throw wrongState("context's type", context.content_type, needed);
}
