import { changedFields, draft } from "../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import type { Input } from "../../shared/http/operation.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { giveQuota, takeQuota } from "../../shared/limits/quota.ts";
import type { GatewayDeps } from "./deps.ts";
import { about, gatewayEvents, ref } from "./events.ts";
import type { Gateway, GatewayStanding } from "./model.ts";
import type { operations } from "./operations.ts";
import { requireAddresses, requireOfKind } from "./registry/addresses.ts";
import { viewOf } from "./registry/model.ts";
import { healthAddress } from "./rules/address.ts";
import { UNSEEN } from "./rules/health.ts";
import { rotated } from "./rules/keys.ts";
import { checkDue, gatewayItem, gatewayUseItem, keyContext, keyDue, standingItem } from "./store.ts";

export { check, listChecks, summarizeChecks } from "./checks/handlers.ts";

type Ops = typeof operations;

export const create: Handler<Ops["create"], GatewayDeps> = async (call, deps) => {
  const { context, caller, body, at } = call;
  const { api_key = "", api_url = deps.plane_url, ...said } = body;
  const tenant = deps.table.of(context.tenant);
  const now = timestamp(at);
  const id = newId("gateway", at);
  requireOfKind(said.kind, body, true);
  const { health_check_url, allow_other_health_host, kind } = said;
  const addresses =
    kind === "built_in" ? { api_url } : requireAddresses({ api_url, health_check_url, allow_other_health_host }, deps);
  const sealed = kind === "built_in" ? [] : [await deps.secrets.encrypt(api_key, keyContext(context.tenant, id))];
  const etag = newEtag(at);
  const gateway: Gateway = {
    ...said,
    ...addresses,
    id,
    organization_id: context.tenant,
    health: UNSEEN.health,
    keys: sealed.map((one) => ({ sealed: one, set_at: now, expires_at: null })),
    created_by: context.actor.id,
    created_at: now,
    updated_at: now,
    etag,
    epoch: etag,
  };
  const standing: GatewayStanding = { ...unseen(etag, now), gateway_id: id, sequence: 0 };
  return call.commit(
    {
      writes: [
        takeQuota(tenant, caller.organization.plan, "gateways"),
        tenant.writes.create(gatewayItem, gateway),
        tenant.writes.create(standingItem, standing),
        ...(gateway.admin_state === "active" ? [checkDue.set(tenant, id, at)] : []),
      ],
      events: [draft(gatewayEvents, "gateway.created", ref(gateway), about(gateway))],
    },
    viewOf(gateway, standing, at),
  );
};

/** A gateway of which nothing is known from now on. */
const unseen = (epoch: string, since: string) => ({ epoch, since, health: UNSEEN.health, recent: [] });

export const list: Handler<Ops["list"], GatewayDeps> = async (call, { table }) => {
  const tenant = table.of(call.context.tenant);
  const { environment, admin_state, health, ...paging } = call.query;
  const page = await tenant.page(gatewayItem, { ...paging, ...narrowed({ environment, admin_state, health }) });
  const standings = await table.batch(page.items.map(({ id }) => tenant.read(standingItem, { gateway_id: id })));
  const views = page.items.flatMap((gateway, i) => {
    const standing = standings[i];
    return standing === undefined ? [] : [viewOf(gateway, standing, call.at)];
  });
  return { items: views, next_cursor: page.next_cursor };
};

/** The index that has exactly those gateways, whichever of the three are asked for together. */
function narrowed({ environment, admin_state, health }: Filters) {
  const of = given({ environment, admin_state, health });
  if (environment !== undefined && (admin_state !== undefined || health === undefined))
    return { index: "gsi2", of } as const;
  if (admin_state !== undefined) return { index: "gsi3", of } as const;
  return { index: health === undefined ? "gsi1" : "gsi4", of } as const;
}

type Filters = Pick<Input<Ops["list"]>["query"], "environment" | "admin_state" | "health">;

export const get: Handler<Ops["get"], GatewayDeps> = async (call) => {
  const { gateway, standing } = await call.load();
  return viewOf(gateway, standing, call.at);
};

export const update: Handler<Ops["update"], GatewayDeps> = (call, deps) =>
  updateWithRetry(call.if_match, async (how) => {
    const { context, body, at } = call;
    const tenant = deps.table.of(context.tenant);
    const now = timestamp(at);
    const { gateway, standing } = await call.load(how);
    requireMatch(call.if_match, gateway.etag);
    const { api_key, ...said } = body;
    const changed = { ...gateway, ...given(said) };
    requireOfKind(gateway.kind, body, false);
    const addresses =
      gateway.kind === "built_in"
        ? gateway
        : requireAddresses(changed, deps, { before: gateway, gives_key: api_key !== undefined });
    const { id } = gateway;
    const keys =
      api_key === undefined
        ? gateway.keys
        : [
            {
              sealed: await deps.secrets.encrypt(api_key, keyContext(context.tenant, id)),
              set_at: now,
              expires_at: null,
            },
          ];
    const etag = newEtag(at);
    const moved = healthAddress(addresses) !== healthAddress(gateway) || addresses.api_url !== gateway.api_url;
    const turned = changed.admin_state !== gateway.admin_state;
    const anew = moved || turned;
    const next: Gateway = {
      ...changed,
      api_url: addresses.api_url,
      health_check_url: addresses.health_check_url,
      allow_other_health_host: addresses.allow_other_health_host,
      keys,
      ...(anew ? { health: UNSEEN.health, epoch: etag } : {}),
      updated_at: now,
      etag,
    };
    const seen: GatewayStanding = anew ? { ...standing, ...unseen(etag, now), last_check: undefined } : standing;
    const changes = changedFields(gateway, next, { omit: ["keys", "health", "epoch"] });
    if (api_key !== undefined) changes.push({ field: "api_key" });
    const changed_fields = changes.map(({ field }) => field);
    const forgotten = { health: UNSEEN.health, before: standing.health, error_code: null };
    return call.commit(
      {
        writes: [
          tenant.writes.replace(gatewayItem, next, gateway.etag),
          ...(next.environment === gateway.environment ? [] : [unused(tenant, id)]),
          ...(anew
            ? [
                tenant.writes.update(
                  standingItem,
                  { gateway_id: id },
                  { set: unseen(etag, now), remove: ["last_check"] },
                ),
                next.admin_state === "active" ? checkDue.set(tenant, id, at) : checkDue.clear(tenant, id),
              ]
            : []),
          ...(api_key === undefined ? [] : [keyDue.clear(tenant, id)]),
        ],
        events: [
          draft(gatewayEvents, "gateway.updated", ref(next), { ...about(next), changed_fields }, { changes }),
          ...(anew && standing.health !== UNSEEN.health
            ? [
                draft(
                  gatewayEvents,
                  "gateway.health_changed",
                  ref(next),
                  { ...about(next), ...forgotten },
                  { changes: [{ field: "health", old: standing.health, new: UNSEEN.health }] },
                ),
              ]
            : []),
        ],
      },
      viewOf(next, seen, at),
    );
  });

/** Proves that nothing was ever deployed to a gateway: from the first deployment on it stays in its environment. */
const unused = (tenant: TenantTable, gateway_id: string, wanted: "moved" | "deleted" = "moved"): Write =>
  tenant.writes.check(gatewayUseItem, { gateway_id }, { exists: false }, (old) =>
    wanted === "deleted"
      ? isUsed(old?.live)
      : new Problem("conflict", "Its environment does not change any more: something has been deployed to it.", {
          members: { state: "deployed_to" },
        }),
  );

const isUsed = (live = 0): Problem =>
  live === 0
    ? lostRace()
    : new Problem(
        "conflict",
        `${live === 1 ? "1 deployment is" : `${live} deployments are`} on this gateway, or on the way to it or away. \`GET /deployments?gateway_id=…\` lists them; stop them first.`,
        { members: { state: "in_use", deployments: live } },
      );

/** The gateway goes with its keys at once; what its checks have left is cleared away when it comes due. */
export const remove: Handler<Ops["remove"], GatewayDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const tenant = table.of(call.context.tenant);
    const { gateway } = await call.load(how);
    requireMatch(call.if_match, gateway.etag);
    const { id, etag } = gateway;
    const use = await tenant.get(gatewayUseItem, { gateway_id: id });
    return call.commit(
      {
        writes: [
          tenant.writes.remove(gatewayItem, { id }, { equals: { etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          tenant.writes.remove(standingItem, { gateway_id: id }, {}),
          use === undefined
            ? unused(tenant, id, "deleted")
            : tenant.writes.remove(gatewayUseItem, { gateway_id: id }, { equals: { live: 0 } }, (old) =>
                isUsed(old?.live),
              ),
          checkDue.set(tenant, id, call.at),
          keyDue.clear(tenant, id),
          giveQuota(tenant, "gateways"),
        ],
        events: [draft(gatewayEvents, "gateway.deleted", ref(gateway), about(gateway))],
      },
      undefined,
    );
  });

export const rotateKey: Handler<Ops["rotateKey"], GatewayDeps> = async (call, deps) => {
  const { context, path, body, at } = call;
  const tenant = deps.table.of(context.tenant);
  const { gateway_id: id } = path;
  const sealed = await deps.secrets.encrypt(body.api_key, keyContext(context.tenant, id));
  return updateWithRetry(call.if_match, async (how) => {
    const { gateway, standing } = await call.load(how);
    requireMatch(call.if_match, gateway.etag);
    if (gateway.kind === "built_in")
      throw new Problem("conflict", "The built-in data plane has no key that could be rotated.", {
        members: { state: gateway.kind },
      });
    const now = timestamp(at);
    const until = addSeconds(at, body.overlap_seconds);
    const keys = rotated(gateway.keys, { sealed, set_at: now, expires_at: null }, timestamp(until));
    const overlaps = keys.length > 1;
    const next: Gateway = { ...gateway, keys, updated_at: now, etag: newEtag(at) };
    const data = { ...about(next), previous_key_until: overlaps ? timestamp(until) : null };
    return call.commit(
      {
        writes: [
          tenant.writes.replace(gatewayItem, next, gateway.etag),
          overlaps ? keyDue.set(tenant, id, until) : keyDue.clear(tenant, id),
        ],
        events: [draft(gatewayEvents, "gateway.key_rotated", ref(next), data)],
      },
      viewOf(next, standing, at),
    );
  });
};
