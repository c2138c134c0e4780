import { addSeconds, type Clock } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { newTraceId } from "../../../shared/tracing/context.ts";
import { isUsable } from "../model.ts";
import { agentContextItem, agentItem, contextOverdue, type StoredContext } from "../store.ts";
import type { Taken } from "./extraction/rules/failures.ts";
import { type OutcomeDeps, storeOutcome } from "./outcome.ts";

/** Far longer than an event is tried again for, and than any queue of files: who would still come is dead. */
const PATIENCE_SECONDS = 3_600;
/** An archived agent's contexts stay as they are; it may be restored. */
const ARCHIVED_SECONDS = 86_400;

/** The write by which somebody looks, after a while, whether the work that was just asked for has come to an end. */
export const lookedAfter = (
  table: TenantTable,
  { agent_id, id, attempt }: Pick<StoredContext, "agent_id" | "id" | "attempt">,
  at: Date,
): Write => contextOverdue.set(table, `${agent_id}/${id}/${attempt}`, addSeconds(at, PATIENCE_SECONDS));

const stalled = ({ content_type }: StoredContext): Taken =>
  content_type === "url"
    ? { ok: false, code: "fetch_stalled", message: "Fetching the address broke off. Fetch it again." }
    : {
        ok: false,
        code: "extract_stalled",
        message: "Reading the file broke off. Upload it again; should that not help, split it or save it as PDF.",
      };

/** `context_overdue`: a context that still waits for this attempt has failed. Done again, or late, it changes nothing. */
export async function endOverdue(
  { tenant, ref }: Due,
  deps: OutcomeDeps & { readonly clock: Clock },
): Promise<Date | undefined> {
  const [agent_id = "", id = "", attempt = ""] = ref.split("/");
  const table = deps.table.of(tenant);
  const context = await table.get(agentContextItem, { agent_id, id });
  if (context?.attempt !== attempt) return undefined;
  // A file whose other upload is asked for waits for that as long as its owner likes; its attempt is another one then.
  const agent = await table.get(agentItem, { id: agent_id });
  if (agent === undefined) return undefined;
  if (!isUsable(agent)) return addSeconds(deps.clock.now(), ARCHIVED_SECONDS);
  const named = { ok: "fetched", failed: context.content_type === "url" ? "fetch_failed" : "extract_failed" } as const;
  await storeOutcome({ organization_id: tenant, trace_id: newTraceId() }, context, stalled(context), named, deps);
  return undefined;
}
