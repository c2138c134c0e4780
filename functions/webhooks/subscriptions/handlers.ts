import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { OWNER_ITEMS, ownerOf, ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { secretBytes, webhookSecret } from "../../../shared/signing/standard-webhooks.ts";
import type { WebhookDeps } from "../deps.ts";
import { webhookEvents } from "../events.ts";
import { liveSecrets, maxLiveSecrets, maxSubscriptions, normalEvents, viewOf, type Webhook } from "../model.ts";
import type { operations } from "../operations.ts";
import { healthItem, subscriptionItem, webhookItem } from "../store.ts";
import { secretContext } from "./secret.ts";

/** Items at most: the webhook, one more, event, audit entry and stored answer, and each subscription that comes or goes, and its owner. */
const LARGEST = { create: 9 + maxSubscriptions, update: 8 + OWNER_ITEMS + 2 * maxSubscriptions };

type Ops = typeof operations;

export const create: Handler<Ops["create"], WebhookDeps> = async (call, deps) => {
  const { context, body, at } = call;
  const now = timestamp(at);
  const tenant = deps.table.of(context.tenant);
  const id = newId("webhook", at);
  const { secret, sealed } = await newSecret(deps, context.tenant, id);
  const webhook: Webhook = {
    ...body,
    id,
    organization_id: context.tenant,
    url: safeUrl(deps, body.url),
    events: normalEvents(body.events),
    status: "active",
    active_since: now,
    disabled_reason: null,
    disabled_at: null,
    secrets: [{ sealed, created_at: now, expires_at: null }],
    owner_id: ownerOf(context.actor),
    created_by: context.actor.id,
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
  const { name } = webhook;
  return call.commit(
    {
      writes: [
        takeQuota(tenant, call.caller.organization.plan, "webhooks"),
        tenant.writes.create(webhookItem, webhook),
        ...subscriptionWrites(tenant, id, [], webhook.events),
        ...ownerWrites(tenant, { kind: "webhook", id }, null, webhook.owner_id, "proved"),
      ],
      events: [draft(webhookEvents, "webhook.created", { id, name }, { webhook_id: id, name })],
      largest: LARGEST.create,
    },
    { ...viewOf(call, webhook, undefined, at), secret },
  );
};

export const update: Handler<Ops["update"], WebhookDeps> = (call, deps) =>
  updateWithRetry(call.if_match, async (how) => {
    const { context, body, at } = call;
    const tenant = deps.table.of(context.tenant);
    const { webhook, health } = await call.load(how);
    requireMatch(call.if_match, webhook.etag);
    const begins = body.status === "active" && webhook.status !== "active";
    const next: Webhook = {
      ...webhook,
      ...given(body),
      ...(body.url === undefined ? {} : { url: safeUrl(deps, body.url) }),
      ...(body.events === undefined ? {} : { events: normalEvents(body.events) }),
      ...(body.status === undefined ? {} : { disabled_reason: null, disabled_at: null }),
      ...(begins ? { active_since: timestamp(at) } : {}),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const { id, name } = next;
    const fresh = { webhook_id: id, consecutive_failures: 0 };
    // An address may hold a token of the receiver: the audit trail says that it changed, not to what.
    const changes = changedFields(webhook, next, { omit: ["secrets", "active_since"], conceal: ["url", "metadata"] });
    return call.commit(
      {
        writes: [
          tenant.writes.replace(webhookItem, next, webhook.etag),
          ...subscriptionWrites(tenant, id, webhook.events, next.events),
          ...ownerWrites(tenant, { kind: "webhook", id }, webhook.owner_id, next.owner_id),
          ...(begins ? [tenant.writes.put(healthItem, fresh)] : []),
        ],
        largest: LARGEST.update,
        events: [
          draft(
            webhookEvents,
            "webhook.updated",
            { id, name },
            { webhook_id: id, name, changed_fields: changes.map(({ field }) => field) },
            { changes },
          ),
        ],
      },
      viewOf(call, next, begins ? fresh : health, at),
    );
  });

export const rotateSecret: Handler<Ops["rotateSecret"], WebhookDeps> = async (call, deps) => {
  const { context, path, body, at } = call;
  const tenant = deps.table.of(context.tenant);
  const { secret, sealed } = await newSecret(deps, context.tenant, path.webhook_id);
  return updateWithRetry(call.if_match, async (how) => {
    const { webhook, health } = await call.load(how);
    requireMatch(call.if_match, webhook.etag);
    const expires_at = timestamp(addSeconds(at, body.overlap_seconds));
    const old = liveSecrets(webhook, at)
      .map((one) => ({ ...one, expires_at: one.expires_at ?? expires_at }))
      .filter((one) => one.expires_at > timestamp(at));
    if (old.length >= maxLiveSecrets) {
      throw new Problem(
        "conflict",
        `${old.length} secrets sign at the moment. Wait until one of them ends, or rotate with a shorter overlap.`,
      );
    }
    const next: Webhook = {
      ...webhook,
      secrets: [{ sealed, created_at: timestamp(at), expires_at: null }, ...old],
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const { id, name } = next;
    return call.commit(
      {
        writes: [tenant.writes.replace(webhookItem, next, webhook.etag)],
        events: [
          draft(
            webhookEvents,
            "webhook.secret_rotated",
            { id, name },
            { webhook_id: id, name, old_secret_expires_at: expires_at },
          ),
        ],
      },
      { ...viewOf(call, next, health, at), secret },
    );
  });
};

/** A new signing secret, in clear for this one answer and sealed for the table. */
async function newSecret({ secrets, randomBytes }: WebhookDeps, tenant: string, webhook_id: string) {
  const secret = webhookSecret(randomBytes(secretBytes));
  return { secret, sealed: await secrets.encrypt(secret, secretContext(tenant, webhook_id)) };
}

/** The address in its normal form. @throws Problem `unsafe_url` (422) when it may not be called */
function safeUrl({ checkUrl }: WebhookDeps, url: string): string {
  const checked = checkUrl(url);
  if (checked.ok) return checked.url.href;
  const { code, message } = checked.error;
  throw new Problem("unsafe_url", message, { issues: [{ path: "url", message, code }] });
}

/** Entries that are new or gone; those that stay are not touched. */
function subscriptionWrites(
  tenant: TenantTable,
  webhook_id: string,
  before: readonly string[],
  after: readonly string[],
): Write[] {
  const { writes } = tenant;
  return [
    ...after
      .filter((pattern) => !before.includes(pattern))
      .map((pattern) => writes.put(subscriptionItem, { pattern, webhook_id })),
    ...before
      .filter((pattern) => !after.includes(pattern))
      .map((pattern) => writes.remove(subscriptionItem, { pattern, webhook_id }, {})),
  ];
}
