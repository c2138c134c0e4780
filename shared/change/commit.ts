import { type Principal, principalKey } from "../access/principal.ts";
import { timestamp } from "../clock.ts";
import type { Table } from "../dynamo/table.ts";
import { ImpossibleTransaction, TRANSACTION_ITEMS } from "../dynamo/transaction.ts";
import type { Write } from "../dynamo/write.ts";
import { newId } from "../ids.ts";
import { addDays, DENIAL_AUDIT_DAYS, SECURITY_AUDIT_DAYS } from "../limits/retention.ts";
import { newTraceId } from "../tracing/context.ts";
import type { Envelope, EventDraft, FieldChange } from "./events.ts";
import { type AuditEntry, auditItem, EVENT_DAYS, outboxItem, type RequestFacts } from "./items.ts";
import { newSalts } from "./salts.ts";

/** Who changes something, for which tenant, when and within which request or workflow. */
export interface ChangeContext {
  readonly tenant: string;
  readonly actor: Principal;
  readonly at: Date;
  readonly trace_id: string;
  readonly request: RequestFacts | null;
  /** Days for which the organization keeps what this leaves in its audit trail (`retentionOf`). */
  readonly audit_days: number;
}

/**
 * The context of what the system does by itself, within no request.
 * @param id what does it: the kind of due things, the consumer
 * @param trace_id of the event or run that brought it about, if one did
 */
export const systemContext = (
  tenant: string,
  id: string,
  at: Date,
  audit_days: number,
  trace_id = newTraceId(),
): ChangeContext => ({ tenant, actor: { type: "system", id }, at, trace_id, request: null, audit_days });

export interface AuditDraft {
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string; readonly name?: string };
  readonly outcome: AuditEntry["outcome"];
  readonly changes?: readonly FieldChange[];
  readonly reason?: string | undefined;
}

/** Actions about access itself; kept longer than the rest. */
export const isSecurityAction = (action: string): boolean =>
  /^(access|audit|audit_stream|session|mfa|sso|scim|operator|operator_access|role|membership|api_key|service_account|policy|domain)\./.test(
    action,
  ) ||
  /^user\.(registered|suspended|restored|deleted|password_|email_)/.test(action) ||
  /^organization\.(suspended|restored|deleted|erasure_begun|erased|ownership_|transfer_)/.test(action);

const daysOf = (action: string, { audit_days }: ChangeContext): number => {
  if (action === "access.denied") return DENIAL_AUDIT_DAYS;
  return isSecurityAction(action) ? Math.max(SECURITY_AUDIT_DAYS, audit_days) : audit_days;
};

/** The write of one audit entry. */
export function auditWrite(table: Table, context: ChangeContext, entry: AuditDraft): Write {
  const occurred_at = timestamp(context.at);
  return table.of(context.tenant).writes.create(auditItem, {
    id: newId("audit", context.at),
    organization_id: context.tenant,
    occurred_at,
    actor: context.actor,
    action: entry.action,
    resource: entry.resource,
    outcome: entry.outcome,
    request: context.request,
    changes: [...(entry.changes ?? [])],
    reason: entry.reason ?? null,
    salts: newSalts(),
    month: occurred_at.slice(0, 7),
    actor_key: principalKey(context.actor),
    resource_key: `${entry.resource.type}:${entry.resource.id}`,
    expires_at: timestamp(addDays(context.at, daysOf(entry.action, context))),
  });
}

export function envelope(context: ChangeContext, event: EventDraft): Envelope {
  return {
    id: newId("event", context.at),
    type: event.type,
    version: event.definition.version,
    organization_id: context.tenant,
    actor: context.actor,
    occurred_at: timestamp(context.at),
    trace_id: context.trace_id,
    data: event.data,
  };
}

/** The writes that make events leave and be remembered: an outbox item each, and an audit entry where audited. */
export function eventWrites(table: Table, context: ChangeContext, events: readonly EventDraft[]): Write[] {
  return events.flatMap((event) => {
    const leaving = envelope(context, event);
    const outbox = table.of(context.tenant).writes.create(outboxItem, {
      id: leaving.id,
      day: leaving.occurred_at.slice(0, 10),
      envelope: leaving,
      expires_at: timestamp(addDays(context.at, EVENT_DAYS)),
    });
    if (!event.definition.audited) return [outbox];
    const entry = {
      action: event.type,
      resource: event.resource,
      outcome: event.outcome,
      changes: event.changes,
      reason: event.reason,
    } as const;
    return [outbox, auditWrite(table, context, entry)];
  });
}

/** What a change may write that does not say how large it can become. */
export const SMALL_CHANGE = 25;

export interface ChangeSet {
  readonly writes: readonly Write[];
  /**
   * The most items that this kind of change can write at the limits of what it is about, its events, audit entries and
   * the stored answer included: at most what a transaction takes, by an operator's access beside its proofs. {@link SMALL_CHANGE} unless told.
   */
  readonly largest?: number;
  /** At least one: a change that tells nobody and leaves no trace is not a change of this product. */
  readonly events: readonly [EventDraft, ...EventDraft[]];
}

/** What an operator's access adds to each transaction that it brings about: itself, and that both are operators. */
export const MOST_ACCESS_PROOFS = 3;

/** The answer that is kept for the idempotency key of a request, in the same transaction. */
const STORED_ANSWER = 1;

/**
 * All writes of a change: its own, its events and its audit entries.
 * @throws ImpossibleTransaction when it is larger than it states, or states more than a transaction takes: before the
 * limits of what it is about grow until it fails, and whatever size it happens to have today
 */
export function changeWrites(table: Table, context: ChangeContext, change: ChangeSet): Write[] {
  const { largest = SMALL_CHANGE } = change;
  const writes = [...change.writes, ...eventWrites(table, context, change.events)];
  const proofs = context.actor.type === "operator" ? MOST_ACCESS_PROOFS : 0;
  if (largest + proofs > TRANSACTION_ITEMS)
    throw new ImpossibleTransaction(`a change of up to ${largest} items is no transaction: make it resumable`, writes);
  if (writes.length + STORED_ANSWER > largest)
    throw new ImpossibleTransaction(`a change of ${writes.length} items states ${largest} as its largest`, writes);
  return writes;
}

/**
 * Commits a change, its audit entries and its events in one transaction.
 * @throws the refusal of the first write whose condition failed; nothing is written then
 */
export function commitChange(table: Table, context: ChangeContext, change: ChangeSet): Promise<void> {
  return table.transact(changeWrites(table, context, change));
}
