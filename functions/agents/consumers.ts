import type { Blobs } from "../../shared/blobs/blobs.ts";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import { draft, type Envelope } from "../../shared/change/events.ts";
import { type Clock, timestamp } from "../../shared/clock.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { newEtag } from "../../shared/ids.ts";
import type { Log } from "../../shared/observability/log.ts";
import type { Outbound } from "../../shared/outbound/client.ts";
import { type Fetched, fetchText } from "./contexts/fetch.ts";
import { storeText } from "./contexts/texts.ts";
import { touchAgent } from "./definition/changes.ts";
import { agentEvents } from "./events.ts";
import { agentContextItem, type StoredContext } from "./store.ts";

export interface FetchDeps {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbound: Pick<Outbound, "request">;
}

/** Nothing is called for an organization that is suspended or deleted. */
const notFetched: Fetched = {
  ok: false,
  code: "organization_suspended",
  message: "The organization was suspended before the address was fetched. Fetch it again.",
};

const eventData = agentEvents["agent.context_changed"].data;

/**
 * Fetches the address of a context when its event asks for it, and stores the text or why there is none. An event that
 * comes twice, or after a newer fetch was asked for, changes nothing: the context names the attempt it waits for.
 */
export async function fetchContext(event: Envelope, deps: FetchDeps): Promise<void> {
  const data = eventData.safeParse(event.data);
  if (!data.success || data.data.fetch === null) return;
  const { agent_id, context_id: id, fetch: attempt } = data.data;
  const table = deps.table.of(event.organization_id);
  const context = await table.get(agentContextItem, { agent_id, id });
  if (context?.url == null || context.attempt !== attempt) return;
  const organization = await table.get(organizationItem, {});
  const fetched = organization?.status === "active" ? await fetchText(context.url, deps.outbound) : notFetched;
  deps.log.info("context.fetched", { agent_id, context_id: id, ok: fetched.ok });
  try {
    await store(event, context, fetched, deps);
  } catch (error) {
    // Superseded, removed, or its agent archived or gone meanwhile: there is nothing left to do.
    if (error instanceof Problem && (error.code === "conflict" || error.code === "not_found")) return;
    throw error;
  }
}

async function store(event: Envelope, context: StoredContext, fetched: Fetched, deps: FetchDeps): Promise<void> {
  const tenant = event.organization_id;
  const { agent_id, id, attempt } = context;
  const at = deps.clock.now();
  const table = deps.table.of(tenant);
  const outcome: Partial<StoredContext> = fetched.ok
    ? {
        status: "ready",
        error: null,
        content: await storeText(deps, table, agent_id, fetched.text),
        content_bytes: Buffer.byteLength(fetched.text),
        truncated: fetched.truncated,
        fetched_at: timestamp(at),
      }
    : { status: "failed", error: { code: fetched.code, message: fetched.message } };
  const superseded = () => new Problem("conflict", "A newer fetch was asked for, or the context is gone.");
  const write = table.writes.update(
    agentContextItem,
    { agent_id, id },
    { set: { ...outcome, attempt: null, updated_at: timestamp(at), etag: newEtag(at) } },
    { equals: { attempt } },
    superseded,
  );
  const audit_days = await auditDaysOf(table);
  await commitChange(deps.table, systemContext(tenant, "contexts", at, audit_days, event.trace_id), {
    writes: [write, touchAgent(table, agent_id, at)],
    events: [
      draft(
        agentEvents,
        "agent.context_changed",
        { id: agent_id },
        {
          agent_id,
          context_id: id,
          change: fetched.ok ? "fetched" : "fetch_failed",
          changed_fields: fetched.ok ? ["status", "content"] : ["status"],
          fetch: null,
        },
      ),
    ],
  });
}
