import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft, type Envelope } from "../../../shared/change/events.ts";
import { type Clock, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { auditDaysOf } from "../../../shared/identity/organization.ts";
import { newEtag } from "../../../shared/ids.ts";
import { touchAgent } from "../definition/changes.ts";
import { agentEvents } from "../events.ts";
import { agentContextItem, type StoredContext } from "../store.ts";
import type { Taken } from "./extraction/rules/failures.ts";
import { storeText } from "./texts.ts";

export interface OutcomeDeps {
  readonly table: Table;
  readonly blobs: Pick<Blobs, "store">;
  readonly clock: Clock;
}

/** Who asked, and in which trace. */
type Asked = Pick<Envelope, "organization_id" | "trace_id">;

interface Named {
  readonly ok: "fetched" | "extracted";
  readonly failed: "fetch_failed" | "extract_failed";
}

/**
 * Stores what became of a context's attempt, with audit entry and event. What was superseded or removed meanwhile, or
 * whose agent was archived or is gone, is dropped: there is nothing left to do.
 */
export async function storeOutcome(
  event: Asked,
  context: StoredContext,
  taken: Taken,
  named: Named,
  deps: OutcomeDeps,
): Promise<void> {
  try {
    await store(event, context, taken, named, deps);
  } catch (error) {
    if (error instanceof Problem && (error.code === "conflict" || error.code === "not_found")) return;
    throw error;
  }
}

async function store(event: Asked, context: StoredContext, taken: Taken, named: Named, deps: OutcomeDeps) {
  const tenant = event.organization_id;
  const { agent_id, id, attempt } = context;
  const at = deps.clock.now();
  const table = deps.table.of(tenant);
  const outcome: Partial<StoredContext> = taken.ok
    ? {
        status: "ready",
        error: null,
        content: await storeText(deps, table, agent_id, taken.text),
        content_bytes: Buffer.byteLength(taken.text),
        truncated: taken.truncated,
        ...(named.ok === "fetched" ? { fetched_at: timestamp(at) } : {}),
      }
    : { status: "failed", error: { code: taken.code, message: taken.message } };
  const superseded = () => new Problem("conflict", "Something newer was asked for, or the context is gone.");
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
          change: taken.ok ? named.ok : named.failed,
          changed_fields: taken.ok ? ["status", "content"] : ["status"],
          fetch: null,
        },
      ),
    ],
  });
}
