import { personBehind, userIdOf } from "../../shared/access/caller.ts";
import { widens } from "../../shared/access/keys/confines.ts";
import { type ApiKey, apiKeyItem, apiKeyStates, serviceAccountItem } from "../../shared/access/keys/items.ts";
import { keyText, readKey } from "../../shared/access/keys/text.ts";
import type { Grant } from "../../shared/access/permissions.ts";
import { draft } from "../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { badReference, Problem } from "../../shared/errors.ts";
import type { Call, Handler } from "../../shared/http/call.ts";
import { type Asking, requireAlso } from "../../shared/http/permit.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { takeQuota } from "../../shared/limits/quota.ts";
import { workspaceCheck } from "../workspaces/public.ts";
import type { ApiKeysDeps } from "./deps.ts";
import { about, revocation } from "./ending/end.ts";
import { apiKeyEvents } from "./events.ts";
import { beyond, changesOf, endOf, viewOf } from "./model.ts";
import type { apiOperations as operations } from "./operations.ts";
import { lookWrite } from "./store.ts";

export * from "./accounts/handlers.ts";
export * from "./usage/handlers.ts";

type Ops = typeof operations;

/** A new secret of a key: its text, and what is kept of it. */
async function newSecret(key: Pick<ApiKey, "id" | "organization_id">, at: Date, { pepper, randomSecret }: ApiKeysDeps) {
  const text = keyText(key, randomSecret());
  const proof = readKey(text)?.proof;
  if (proof === undefined) throw new Error("a key was made that cannot be read");
  return { text, secret_hash: (await pepper.make(at))(proof) };
}

/** Nobody makes a key that may more than they may themselves. @throws Problem `forbidden` */
function requireReach(
  { caller }: Pick<Call<Ops["create"]>, "caller">,
  scopes: readonly Grant[],
  before: readonly Grant[] = [],
) {
  const permission = beyond(scopes, caller.grants, before);
  if (permission === undefined) return;
  throw new Problem("forbidden", `The scopes cover \`${permission}\`, which your role does not grant.`, {
    members: { permission },
  });
}

type OnKey = Asking<"service_accounts:update" | "users:update"> & Pick<Call<Ops["update"]>, "caller">;

/** Whose key it is may manage it, and the key itself; of somebody else's it takes more. @throws Problem `forbidden` */
function requireManaging(call: OnKey, { id, owner_type, owner_id }: ApiKey): void {
  if (call.caller.principal.id === id) return;
  if (owner_type === "service_account") requireAlso(call, "service_accounts:update", "A key of a service account");
  else if (personBehind(call.caller.principal) !== owner_id)
    requireAlso(call, "users:update", "A key of somebody else");
}

/** @throws Problem `conflict` for one that counts no more */
function requireActive({ status }: ApiKey): void {
  if (status !== "active") throw apiKeyStates.refusal(status, ["active"]);
}

/** Workspaces that a key is confined to from now on are there; one that it was confined to before may have gone meanwhile. */
function addedWorkspaces(table: Table, before: ApiKey, { organization_id, workspace_ids }: ApiKey): Write[] {
  const added = workspace_ids.filter((id) => !before.workspace_ids.includes(id));
  return workspaceCheck(table, organization_id, added, (i) => `workspace_ids.${workspace_ids.indexOf(added[i] ?? "")}`);
}

const accountIsThere = (own: TenantTable, id: string): Write =>
  own.writes.check(serviceAccountItem, { id }, { exists: true }, () => badReference("service_account_id"));

export const create: Handler<Ops["create"], ApiKeysDeps> = async (call, deps) => {
  const { caller, body, at, context } = call;
  const { service_account_id, ...given } = body;
  if (service_account_id !== null) requireAlso(call, "service_accounts:update", "A key of a service account");
  requireReach(call, body.scopes);
  const own = deps.table.of(context.tenant);
  const now = timestamp(at);
  const identity = { id: newId("api_key", at), organization_id: context.tenant };
  const expires_at = endOf(body.expires_at, at);
  const { text, secret_hash } = await newSecret(identity, at, deps);
  const key: ApiKey = {
    ...given,
    ...identity,
    owner_type: service_account_id === null ? "user" : "service_account",
    owner_id: service_account_id ?? caller.principal.id,
    status: "active",
    secret_hash,
    expires_at,
    last_used_at: null,
    last_used_ip: null,
    created_by: caller.principal.id,
    created_at: now,
    updated_at: now,
    rotated_at: null,
    revoked_at: null,
    revoked_reason: null,
    etag: newEtag(at),
  };
  const { scopes, workspace_ids, environments } = key;
  const data = { ...about(key), scopes, workspace_ids, environments, expires_at };
  return call.commit(
    {
      writes: [
        call.stillPermitted(),
        takeQuota(own, caller.organization.plan, "api_keys"),
        ...workspaceCheck(deps.table, context.tenant, key.workspace_ids),
        ...(service_account_id === null ? [] : [accountIsThere(own, service_account_id)]),
        own.writes.create(apiKeyItem, key),
        ...(expires_at === null ? [] : [lookWrite(own, key, at)]),
      ],
      events: [draft(apiKeyEvents, "api_key.created", key, data)],
    },
    { ...viewOf(key), key: text },
  );
};

export const list: Handler<Ops["list"], ApiKeysDeps> = async ({ context, query }, { table }) => {
  const { owner_id, ...paging } = query;
  const page = await table.of(context.tenant).page(apiKeyItem, {
    ...paging,
    ...(owner_id === undefined ? { index: "gsi1", of: {} } : { index: "gsi2", of: { owner_id } }),
  });
  return { ...page, items: page.items.map(viewOf) };
};

export const get: Handler<Ops["get"], ApiKeysDeps> = async (call) => viewOf(await call.load());

export const update: Handler<Ops["update"], ApiKeysDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { at, body, context } = call;
    const own = table.of(context.tenant);
    const key = await call.load(how);
    requireManaging(call, key);
    requireMatch(call.if_match, key.etag);
    requireActive(key);
    if (body.scopes !== undefined) requireReach(call, body.scopes, key.scopes);
    const next: ApiKey = {
      ...key,
      ...given(body),
      ...(body.expires_at === undefined ? {} : { expires_at: endOf(body.expires_at, at) }),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    // Whoever lets it reach more answers for all that it may do there.
    if (widens(key, next)) requireReach(call, next.scopes);
    const changes = changesOf(key, next);
    const data = { ...about(next), changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          own.writes.replace(apiKeyItem, next, key.etag),
          ...addedWorkspaces(table, key, next),
          ...(next.expires_at === key.expires_at ? [] : [lookWrite(own, next, at)]),
        ],
        events: [draft(apiKeyEvents, "api_key.updated", next, data, { changes })],
      },
      viewOf(next),
    );
  });

export const rotate: Handler<Ops["rotate"], ApiKeysDeps> = (call, deps) =>
  updateWithRetry(undefined, async (how) => {
    const { at, body, context, caller } = call;
    const key = await call.load(how);
    if (key.owner_type === "service_account") {
      requireManaging(call, key);
      requireReach(call, key.scopes);
    } else if (userIdOf(caller.principal) !== key.owner_id)
      throw new Problem("forbidden", "Only its owner rotates a key: whoever sees it can act by it. Revoke it instead.");
    requireActive(key);
    const { text, secret_hash } = await newSecret(key, at, deps);
    const { previous_until: _until, ...rest } = key;
    const until = body.overlap_hours === 0 ? null : timestamp(addSeconds(at, body.overlap_hours * 3_600));
    const now = timestamp(at);
    const next: ApiKey = {
      ...rest,
      secret_hash,
      previous_hash: key.secret_hash,
      ...(until === null ? {} : { previous_until: until }),
      rotated_at: now,
      updated_at: now,
      etag: newEtag(at),
    };
    const data = { ...about(next), previous_secret_until: until };
    return call.commit(
      {
        writes: [call.stillPermitted(), deps.table.of(context.tenant).writes.replace(apiKeyItem, next, key.etag)],
        events: [draft(apiKeyEvents, "api_key.rotated", next, data)],
      },
      { ...viewOf(next), key: text },
    );
  });

export const revoke: Handler<Ops["revoke"], ApiKeysDeps> = (call, { table }) =>
  updateWithRetry(undefined, async (how) => {
    const { at, context, caller } = call;
    const key = await call.load(how);
    // An operator's access that may do it is there to stop what does harm, whosever it is.
    if (caller.principal.type !== "operator") requireManaging(call, key);
    if (!apiKeyStates.allows(key.status, "revoked")) throw apiKeyStates.refusal(key.status, "revoked");
    const { writes, events } = revocation(table.of(context.tenant), key, {
      at,
      audit_days: context.audit_days,
      reason: "requested",
    });
    return call.commit({ writes: [call.stillPermitted(), ...writes], events }, undefined);
  });
