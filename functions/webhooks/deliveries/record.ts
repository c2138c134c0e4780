import { eventWrites, systemContext } from "../../../shared/change/commit.ts";
import { draft, type Envelope } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Condition } from "../../../shared/dynamo/condition.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { webhookEvents } from "../events.ts";
import { type deliveryErrors, type Health, type Webhook, webhookStates } from "../model.ts";
import { attemptItem, type Delivery, deliveryItem, healthItem, webhookItem } from "../store.ts";
import { dueWrite } from "./delivery.ts";
import { type AttemptVerdict, afterDelivery, disableRule } from "./rules/schedule.ts";

/** One attempt that has been made, and what follows from it. */
export interface Finished {
  readonly number: number;
  readonly started_at: Date;
  readonly ended_at: Date;
  readonly duration_ms: number;
  readonly verdict: AttemptVerdict;
  readonly response_status: number | null;
  readonly response_body: string | null;
  readonly error_code: string | null;
}

/** The claim has ended meanwhile: somebody else made the attempt too, and what they record counts. */
class LeaseLost extends Problem {
  constructor() {
    super("conflict", "The delivery has gone on without this attempt.");
  }
}

/** The webhook or its health has changed since it was read: decide anew. */
class Outpaced extends Problem {
  constructor() {
    super("conflict", "The webhook has changed.");
  }
}

const TRIES = 20;

/** Records an attempt, the delivery's next state and the webhook's health, all in one transaction. */
export async function recordAttempt(
  { table }: { readonly table: Table },
  { claimed, finished, event }: { claimed: Delivery; finished: Finished; event: Envelope },
): Promise<Delivery | undefined> {
  const tenant = table.of(claimed.organization_id);
  const next = nextState(finished);
  const own = [attemptWrite(tenant, claimed, finished), ...moveWrites(tenant, claimed, next, finished.ended_at)];
  for (let tries = 1; ; tries++) {
    try {
      const health =
        claimed.test || finished.verdict.kind === "retry"
          ? []
          : await healthWrites(table, tenant, claimed, finished, event);
      await tenant.transact([...own, ...health]);
      return { ...claimed, ...next };
    } catch (error) {
      if (error instanceof LeaseLost) return undefined;
      if (!(error instanceof Outpaced) || tries === TRIES) throw error;
    }
  }
}

/** Ends a delivery without a further attempt. Does nothing when it has moved on meanwhile. */
export async function endUnsent(
  tenant: TenantTable,
  delivery: Delivery,
  error_code: keyof typeof deliveryErrors,
  now: Date,
): Promise<void> {
  const at = timestamp(now);
  const set = { status: "failed", error_code, next_attempt_at: null, completed_at: at, updated_at: at } as const;
  try {
    await tenant.transact(moveWrites(tenant, delivery, set, now));
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
  }
}

type DeliveryChange = Partial<Delivery> & Pick<Delivery, "next_attempt_at">;

function nextState({ number, ended_at, verdict, response_status, error_code }: Finished): DeliveryChange {
  const known = { attempt_count: number, response_status, error_code, updated_at: timestamp(ended_at) };
  if (verdict.kind === "retry") {
    const due = new Date(ended_at.getTime() + verdict.delay_ms);
    return { ...known, status: "retrying", next_attempt_at: timestamp(due) };
  }
  return { ...known, status: verdict.kind, next_attempt_at: null, completed_at: timestamp(ended_at) };
}

/**
 * The writes that move a delivery on, with when it comes due by itself. Only as long as it is still where it was read:
 * same attempt, same holder.
 */
function moveWrites(tenant: TenantTable, read: Delivery, set: DeliveryChange, now: Date): Write[] {
  const same: Condition = { equals: { attempt_count: read.attempt_count, status: read.status } };
  const held: Condition =
    read.lease_id === undefined
      ? { ...same, absent: ["lease_id"] }
      : { equals: { ...same.equals, lease_id: read.lease_id } };
  const key = { webhook_id: read.webhook_id, id: read.id };
  return [
    tenant.writes.update(deliveryItem, key, { set, remove: ["lease_id", "lease_until"] }, held, () => new LeaseLost()),
    dueWrite(tenant, { ...key, ...set }, now),
  ];
}

const attemptWrite = (tenant: TenantTable, { id, expires_at }: Delivery, finished: Finished): Write =>
  tenant.writes.create(
    attemptItem,
    {
      delivery_id: id,
      number: finished.number,
      started_at: timestamp(finished.started_at),
      duration_ms: finished.duration_ms,
      outcome: finished.verdict.kind === "succeeded" ? "succeeded" : "failed",
      response_status: finished.response_status,
      response_body: finished.response_body,
      error_code: finished.error_code,
      expires_at,
    },
    () => new LeaseLost(),
  );

/** What the end of a delivery does to its webhook: counts or forgets failures, and in the end switches it off. */
async function healthWrites(
  table: Table,
  tenant: TenantTable,
  { webhook_id }: Delivery,
  { verdict, ended_at }: Finished,
  event: Envelope,
): Promise<Write[]> {
  const [webhook, health] = await table.batch([
    tenant.read(webhookItem, { id: webhook_id }),
    tenant.read(healthItem, { webhook_id }),
  ]);
  if (webhook === undefined) return [];
  const before = {
    consecutive_failures: health?.consecutive_failures ?? 0,
    ...(health?.failing_since === undefined ? {} : { failing_since_ms: Date.parse(health.failing_since) }),
  };
  const after = afterDelivery(before, { succeeded: verdict.kind === "succeeded", ended_at_ms: ended_at.getTime() });
  if (verdict.kind !== "failed") return health?.failing_since === undefined ? [] : [forgetFailures(tenant, health)];
  const reason = verdict.disable ? "gone" : after.disable;
  const organization = reason === undefined ? undefined : await tenant.get(organizationItem, {});
  if (reason === undefined || organization === undefined || webhook.status !== "active")
    return [countFailure(tenant, webhook_id, health, ended_at, webhook.status === "active")];
  return [
    countFailure(tenant, webhook_id, health, ended_at, false),
    ...disable(table, organization, webhook, reason, after.health.consecutive_failures, ended_at, event),
  ];
}

const forgetFailures = (tenant: TenantTable, { webhook_id, failing_since }: Health): Write =>
  tenant.writes.update(
    healthItem,
    { webhook_id },
    { set: { consecutive_failures: 0 }, remove: ["failing_since"] },
    { equals: { failing_since } },
    () => new Outpaced(),
  );

/**
 * Counts by adding under a condition, so that parallel failures need not agree on a number. `below_limit`: refused when
 * this would be the failure that disables, which then takes its own way.
 */
function countFailure(
  tenant: TenantTable,
  webhook_id: string,
  health: Health | undefined,
  ended_at: Date,
  below_limit: boolean,
): Write {
  const failing_since = health?.failing_since;
  const limit = below_limit ? { below: { consecutive_failures: disableRule.consecutive_failures - 1 } } : {};
  return failing_since === undefined
    ? tenant.writes.update(
        healthItem,
        { webhook_id },
        { set: { webhook_id, consecutive_failures: 1, failing_since: timestamp(ended_at) } },
        { absent: ["failing_since"] },
        () => new Outpaced(),
      )
    : tenant.writes.update(
        healthItem,
        { webhook_id },
        { add: { consecutive_failures: 1 } },
        { equals: { failing_since }, ...limit },
        () => new Outpaced(),
      );
}

function disable(
  table: Table,
  organization: Organization,
  webhook: Webhook,
  reason: NonNullable<Webhook["disabled_reason"]>,
  consecutive_failures: number,
  at: Date,
  event: Envelope,
): Write[] {
  const now = timestamp(at);
  const { audit_days } = retentionOf(organization);
  const context = systemContext(organization.id, "webhooks", at, audit_days, event.trace_id);
  const told = draft(
    webhookEvents,
    "webhook.auto_disabled",
    { id: webhook.id, name: webhook.name },
    { webhook_id: webhook.id, name: webhook.name, reason, consecutive_failures },
    { changes: [{ field: "status", old: "active", new: "disabled" }], reason },
  );
  return [
    table
      .of(organization.id)
      .writes.update(
        webhookItem,
        { id: webhook.id },
        { set: { status: "disabled", disabled_reason: reason, disabled_at: now, updated_at: now, etag: newEtag(at) } },
        { one_of: { status: webhookStates.from("disabled") } },
        () => new Outpaced(),
      ),
    ...eventWrites(table, context, [told]),
  ];
}
