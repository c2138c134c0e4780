import { randomUUID } from "node:crypto";
import type { Envelope } from "../../../shared/change/events.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import type { Log } from "../../../shared/observability/log.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";
import { SecretError } from "../../../shared/secrets/index.ts";
import { signWebhook } from "../../../shared/signing/standard-webhooks.ts";
import { cutText } from "../../../shared/text.ts";
import { keptBodyCharacters, liveSecrets, type Webhook } from "../model.ts";
import { type Delivery, deliveryItem, webhookItem } from "../store.ts";
import { secretContext } from "../subscriptions/secret.ts";
import { type AttemptMessage, hintOf, removalWrites } from "./delivery.ts";
import { endUnsent, type Finished, recordAttempt } from "./record.ts";
import {
  type AttemptOutcome,
  dueAtMs,
  forgottenAfterSeconds,
  hintDelaySeconds,
  judgeAttempt,
  longestDeliverySeconds,
} from "./rules/schedule.ts";

export interface AttemptDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly secrets: Sealer;
  readonly outbound: Pick<Outbound, "request">;
  readonly attempts: Queue<AttemptMessage>;
  /** In [0, 1), for the jitter of retries. */
  readonly random: () => number;
  readonly log: Log;
}

/** An attempt holds its delivery for so long: beyond the function's time limit, below the queue's visibility. */
const leaseSeconds = 45;
const timeoutMs = 10_000;
const maxAnswerBytes = 65_536;

/**
 * Follows one hint, or a delivery that has come due by itself: makes the attempt if it is its time, waits if it is not,
 * does nothing if the delivery has ended. The order makes every interruption harmless: claim, send, record, and only then
 * hint at the next attempt; the hint that led here is gone when all of that is done.
 * @returns when to look again, as far as nothing else has been recorded; undefined when nothing is left to do
 */
export async function attemptDelivery(message: AttemptMessage, deps: AttemptDeps): Promise<Date | undefined> {
  const { table, clock, attempts } = deps;
  const tenant = table.of(message.tenant);
  const key = { webhook_id: message.webhook_id, id: message.delivery_id };
  const [delivery, webhook, organization] = await table.batch([
    tenant.read(deliveryItem, key),
    tenant.read(webhookItem, { id: message.webhook_id }),
    tenant.read(organizationItem, {}),
  ]);
  if (delivery === undefined || delivery.next_attempt_at === null) return undefined;
  // A delivery whose webhook has been deleted goes too, however the deletion and the fan-out crossed.
  if (webhook === undefined) {
    await tenant.transact(removalWrites(tenant, delivery));
    return undefined;
  }
  const now = clock.now();
  if (organization?.status !== "active") return hold(tenant, delivery, now);
  const later = addSeconds(now, forgottenAfterSeconds);
  const end = async (from: Delivery, error_code: Parameters<typeof endUnsent>[2]): Promise<Date> => {
    await endUnsent(tenant, from, error_code, now);
    return later;
  };
  if (Date.parse(delivery.aged_from ?? delivery.created_at) < now.getTime() - longestDeliverySeconds * 1_000)
    return end(delivery, "expired");
  const attempt_at = Date.parse(delivery.next_attempt_at);
  if (attempt_at > now.getTime()) {
    await hint(deps, message, attempt_at);
    return new Date(dueAtMs(attempt_at, now.getTime()));
  }
  const claimed = await claim(tenant, delivery, now);
  if (claimed === undefined) {
    // Somebody else is at it. Should they be interrupted, this hint is still there when their lease has ended.
    await attempts.send([message], leaseSeconds + 1);
    return later;
  }
  if (!delivery.test && webhook.status !== "active")
    return end(claimed, webhook.status === "paused" ? "webhook_paused" : "webhook_disabled");
  const event = delivery.payload ?? (await storedEvent(tenant, delivery));
  if (event === undefined) return end(claimed, "event_expired");
  const secrets = await openSecrets(deps, webhook, now);
  if (secrets === undefined) return end(claimed, "secret_unreadable");

  const finished = await send(deps, webhook, claimed, event, secrets);
  const recorded = await recordAttempt(deps, { claimed, finished, event });
  deps.log.info("delivery.attempted", {
    delivery_id: delivery.id,
    webhook_id: webhook.id,
    attempt: finished.number,
    status: recorded?.status,
    response_status: finished.response_status,
    error_code: finished.error_code,
    duration_ms: finished.duration_ms,
  });
  if (recorded?.next_attempt_at != null) await hint(deps, hintOf(delivery), Date.parse(recorded.next_attempt_at));
  return later;
}

/** A held delivery is looked at again after this, should nobody tell that its organization is active again. */
const heldSeconds = 6 * 3_600;

/** For so long a held delivery is there from the last look on, whatever its organization had set. */
const heldDays = 7;

/**
 * Nothing is sent for an organization that is suspended or deleted, and nothing is lost: the delivery stays, and grows no
 * older, until the organization is active again.
 */
async function hold(tenant: TenantTable, delivery: Delivery, now: Date): Promise<Date> {
  const { webhook_id, id, attempt_count, status } = delivery;
  const until = timestamp(addDays(now, heldDays));
  const expires_at = delivery.expires_at > until ? delivery.expires_at : until;
  const held = tenant.writes.update(
    deliveryItem,
    { webhook_id, id },
    { set: { aged_from: timestamp(now), expires_at } },
    { equals: { attempt_count, status } },
    moved,
  );
  try {
    await tenant.apply(deliveryItem, held);
  } catch (error) {
    // Somebody was at it when the organization was suspended: what they recorded counts.
    if (!(error instanceof Problem) || error.code !== "conflict") throw error;
  }
  return addSeconds(now, heldSeconds);
}

const moved = (): Problem => new Problem("conflict", "The delivery has gone on meanwhile.");

/** Hints at an attempt at this time, where a queue can hold the hint so long; else the delivery comes due by itself. */
async function hint({ attempts, clock }: AttemptDeps, message: AttemptMessage, attempt_at_ms: number): Promise<void> {
  const delay_seconds = hintDelaySeconds(attempt_at_ms, clock.now().getTime());
  if (delay_seconds !== undefined) await attempts.send([message], delay_seconds);
}

/** Takes the next attempt for this worker alone; undefined when another one has it. */
async function claim(tenant: TenantTable, delivery: Delivery, now: Date): Promise<Delivery | undefined> {
  const lease_id = randomUUID();
  let holder: Delivery | undefined;
  const write = tenant.writes.update(
    deliveryItem,
    { webhook_id: delivery.webhook_id, id: delivery.id },
    { set: { lease_id, lease_until: timestamp(addSeconds(now, leaseSeconds)) } },
    {
      present: ["next_attempt_at"],
      equals: { attempt_count: delivery.attempt_count, status: delivery.status },
      any: [{ absent: ["lease_until"] }, { below: { lease_until: timestamp(now) } }],
    },
    (old) => {
      holder = old;
      return new Problem("conflict", "Another worker has this attempt.");
    },
  );
  try {
    return await tenant.apply(deliveryItem, { ...write, lost: "decide" });
  } catch (error) {
    // Our own claim, whose answer was lost, refuses the second one.
    if (error instanceof Problem && error.code === "conflict")
      return holder?.lease_id === lease_id ? holder : undefined;
    throw error;
  }
}

const storedEvent = async (tenant: TenantTable, delivery: Delivery): Promise<Envelope | undefined> =>
  (await tenant.get(outboxItem, { day: delivery.event_day, id: delivery.event_id }))?.envelope;

/** The secrets that sign now, newest first; undefined when one can never be opened. */
async function openSecrets(
  { secrets }: AttemptDeps,
  webhook: Webhook,
  now: Date,
): Promise<[string, ...string[]] | undefined> {
  try {
    const context = secretContext(webhook.organization_id, webhook.id);
    const [first, ...rest] = await Promise.all(
      liveSecrets(webhook, now).map(({ sealed }) => secrets.decrypt(sealed, context)),
    );
    return first === undefined ? undefined : [first, ...rest];
  } catch (error) {
    if (error instanceof SecretError && error.code === "unreadable") return undefined;
    throw error;
  }
}

async function send(
  { clock, outbound, random }: AttemptDeps,
  webhook: Webhook,
  delivery: Delivery,
  event: Envelope,
  secrets: readonly [string, ...string[]],
): Promise<Finished> {
  const number = delivery.attempt_count + 1;
  const started_at = clock.now();
  const began = performance.now();
  const body = JSON.stringify(event);
  const answer = await outbound.request({
    method: "POST",
    url: webhook.url,
    headers: {
      "content-type": "application/json",
      ...signWebhook({ id: event.id, sent_at_ms: started_at.getTime(), body, secrets }),
      "webhook-event": event.type,
      "webhook-attempt": String(number),
    },
    body,
    timeout_ms: timeoutMs,
    max_bytes: maxAnswerBytes,
    truncate: true,
  });
  const outcome: AttemptOutcome = answer.ok
    ? { status: answer.status, retry_after: answer.headers["retry-after"] }
    : { error: answer.error };
  const verdict = judgeAttempt(outcome, number, { now_ms: clock.now().getTime(), random: random() });
  return {
    number,
    started_at,
    ended_at: clock.now(),
    duration_ms: Math.round(performance.now() - began),
    verdict:
      delivery.test && verdict.kind === "retry" ? { kind: "failed", reason: "exhausted", disable: false } : verdict,
    response_status: answer.ok ? answer.status : null,
    response_body: answer.ok ? keptText(answer.body) : null,
    error_code: answer.ok ? errorOf(answer.status) : answer.error.code,
  };
}

const errorOf = (status: number): string | null => {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return "redirected";
  return status >= 500 || status === 408 || status === 425 || status === 429 ? "server_error" : "rejected";
};

/** The beginning of an answer as text; never half a character. */
const keptText = (body: Buffer): string =>
  cutText(body.subarray(0, keptBodyCharacters * 4).toString("utf8"), keptBodyCharacters);
