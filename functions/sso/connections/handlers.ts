import { userIdOf } from "../../../shared/access/caller.ts";
import { SMALL_CHANGE } from "../../../shared/change/commit.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import type { GroupRule } from "../../../shared/identity/group-rules.ts";
import { connectionPlaceItem, PLATFORM } from "../../../shared/identity/items.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { teamItem } from "../../teams/public.ts";
import { MOST_GIVEN, reachOf, requireGivenByRule } from "../../users/public.ts";
import { anotherWayIn } from "../enforcement/used.ts";
import { ssoEvents } from "../events.ts";
import { callbackOf, connectionStates, providerName, serviceProvider } from "../model.ts";
import type { apiOperations } from "../operations.ts";
import {
  type Connection,
  connectionItem,
  connectionRepair,
  identityItem,
  leading,
  signInRecordItem,
} from "../store.ts";
import type { ConnectionDeps } from "./deps.ts";
import { requireDiscovery } from "./discovery.ts";
import { providerFrom } from "./given.ts";
import {
  activation,
  deleting,
  forgetting,
  knownToPool,
  looking,
  putProvider,
  REPAIR_SECONDS,
  removeFromPool,
  subject,
} from "./reconcile.ts";
import { usualAttributes } from "./rules/attributes.ts";
import { settingsIssues } from "./rules/settings.ts";
import { toldOf } from "./rules/told.ts";

type Ops = typeof apiOperations;

/** Items at most: beside the connection, each role that its rules name. */
const LARGEST = SMALL_CHANGE + MOST_GIVEN;

/** Refuses rules that name a team which the organization has not. */
async function requireTeams({ table }: ConnectionDeps, tenant: string, rules: readonly GroupRule[]): Promise<void> {
  const ids = [...new Set(rules.flatMap(({ team_id }) => team_id ?? []))];
  const teams = await table.batch(ids.map((id) => table.of(tenant).read(teamItem, { id })));
  const missing = ids.find((_, i) => teams[i] === undefined);
  if (missing === undefined) return;
  throw badReference(`group_rules.${rules.findIndex(({ team_id }) => team_id === missing)}.team_id`);
}

/**
 * Whoever sets a connection up gives by it no role that they could not give themselves, nor one that people give only.
 * @returns what the transaction proves by which it counts
 */
const requireGiven = (
  { table }: ConnectionDeps,
  { caller }: Pick<Call<Ops["create"]>, "caller">,
  { default_role, group_rules }: Pick<Connection, "default_role" | "group_rules">,
) =>
  requireGivenByRule(table, caller, [
    { path: "default_role", role: default_role },
    ...group_rules.map(({ role }, i) => ({ path: `group_rules.${i}.role`, role })),
  ]);

/** Refuses what cannot be right, before anything is written. */
async function requireSound(deps: ConnectionDeps, next: Connection, read?: Connection): Promise<void> {
  const issues = settingsIssues(next);
  if (issues.length > 0) throw invalid(issues);
  const { provider } = next;
  if (provider.kind === "oidc" && JSON.stringify(provider) !== JSON.stringify(read?.provider))
    await requireDiscovery(deps.outbound, provider.issuer);
}

/**
 * The table first, then the pool, then the table again: what is pending is completed by the repair where this dies on the
 * way, and forgotten where the pool does not take it.
 */
export const create: Handler<Ops["create"], ConnectionDeps> = async (call, deps) => {
  const { caller, body, at } = call;
  const givable = await requireGiven(deps, call, body);
  const organization_id = caller.organization.id;
  const { kind } = body.provider;
  const id = newId("sso_connection", at);
  const now = timestamp(at);
  const pending: Connection = {
    ...body,
    ...(await providerFrom(deps, body.provider, { organization_id, id }, at)),
    email_trust: body.email_trust ?? (kind === "saml" ? "provider" : "claim"),
    attributes: { ...usualAttributes(kind, body.preset), ...given(body.attributes) },
    id,
    organization_id,
    status: "pending",
    provider_name: providerName(organization_id, id),
    pool_client_id: null,
    redirect_url: serviceProvider(deps)[kind].redirect_url,
    callback_url: callbackOf(call.origin),
    reach: reachOf(caller.grants),
    created_by: userIdOf(caller.principal) ?? caller.principal.id,
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
  await requireSound(deps, pending);
  await requireTeams(deps, organization_id, body.group_rules);
  const tenant = deps.table.of(organization_id);
  await deps.table.transact([
    tenant.writes.create(connectionItem, pending),
    deps.table.of(PLATFORM).writes.create(connectionPlaceItem, { connection_id: id, organization_id, way: null }),
    takeQuota(tenant, caller.organization.plan, "sso_connections"),
    connectionRepair.set(tenant, id, addSeconds(at, REPAIR_SECONDS)),
  ]);
  try {
    const { connection, writes, events } = await activation(deps, pending, at);
    return await updateWithRetry(undefined, async ({ fresh }) => {
      const proofs = fresh ? await requireGiven(deps, call, body) : givable;
      const change = { writes: [call.stillPermitted(), ...proofs, ...writes], events, largest: LARGEST };
      return call.commit(change, connection);
    });
  } catch (error) {
    if (error instanceof Problem && error.status < 500) {
      await removeFromPool(deps, pending);
      await deps.table.transact(forgetting(deps.table, pending));
    }
    throw error;
  }
};

export const list: Handler<Ops["list"], ConnectionDeps> = async ({ caller, query }, { table }) =>
  table.of(caller.organization.id).page(connectionItem, { of: {}, ...query });

export const getServiceProvider: Handler<Ops["getServiceProvider"], ConnectionDeps> = async (_call, deps) =>
  serviceProvider(deps);

export const get: Handler<Ops["get"], ConnectionDeps> = async (call) => call.load();

/**
 * The pool first, then the table: what the pool refuses is not written. The repair that is set before makes the pool be
 * what the table says, whichever of the two this dies between. It comes also where all went well: another change may be
 * under way, and nobody knows here which of the two the pool has learnt last.
 */
export const update: Handler<Ops["update"], ConnectionDeps> = async (call, deps) => {
  const { body, at } = call;
  const setsRoles = body.default_role !== undefined || body.group_rules !== undefined;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    if (read.status !== "active" && read.status !== "inactive")
      throw connectionStates.refusal(read.status, ["active", "inactive"]);
    const merged = await patched(read, call, deps);
    const proofs = setsRoles ? await requireGiven(deps, call, merged) : [];
    const changes = changedFields(visible(read), visible(merged));
    if (changes.length === 0 && merged.sealed_secret === read.sealed_secret) return read;
    const reach = setsRoles ? reachOf(call.caller.grants) : read.reach;
    const next: Connection = { ...merged, reach, updated_at: timestamp(at), etag: newEtag(at) };
    await requireTeams(deps, read.organization_id, body.group_rules ?? []);
    const tenant = deps.table.of(read.organization_id);
    await requireSound(deps, next, read);
    await requireSamePeople(deps, next, read);
    const stays = next.status === "active" ? [] : await anotherWayIn(deps.table, read);
    if (knownToPool(next, at) !== knownToPool(read, toldAt(read, at))) {
      await deps.table.transact([connectionRepair.set(tenant, read.id, addSeconds(at, REPAIR_SECONDS))]);
      await putProvider(deps, next, at);
    }
    const changed_fields = [
      ...changes.map(({ field }) => field),
      ...(merged.sealed_secret === read.sealed_secret ? [] : ["provider.client_secret"]),
    ];
    const [resource, data] = subject(next);
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          tenant.writes.replace(connectionItem, next, read.etag),
          ...leading(deps.table, read, next),
          ...stays,
          ...proofs,
          ...(body.provider === undefined ? [] : looking(deps.table, next, at)),
        ],
        events: [draft(ssoEvents, "sso.connection_updated", resource, { ...data, changed_fields }, { changes })],
        largest: LARGEST,
      },
      next,
    );
  });
};

/** When the pool was told what it knows of a provider whose certificates come and go. */
const toldAt = ({ saml }: Connection, at: Date): Date => (saml === null ? at : new Date(saml.chosen_at));

/** Who says who somebody is. */
const authority = ({ provider }: Connection): string =>
  provider.kind === "saml" ? provider.entity_id : provider.issuer;

/**
 * Refuses another issuer under people who are known by what the one before called them: there it may name somebody else.
 * Nobody comes to be known meanwhile, since nobody signs in through a connection that is not active.
 */
async function requireSamePeople({ table }: ConnectionDeps, next: Connection, read: Connection): Promise<void> {
  if (authority(next) === authority(read)) return;
  const members = { state: read.status };
  if (read.status !== "inactive")
    throw new Problem("conflict", "Turn the connection off before it is led to another provider.", { members });
  const known = { of: { connection_id: read.id }, limit: 1 };
  if ((await table.of(read.organization_id).page(identityItem, known)).items.length > 0)
    throw new Problem(
      "conflict",
      "People are known by what the provider of this connection calls them. Connect the other provider beside it.",
      { members },
    );
}

/** The connection with what was sent in place of what was there. */
async function patched(
  read: Connection,
  { body: { provider, attributes, ...body }, at }: Call<Ops["update"]>,
  deps: ConnectionDeps,
): Promise<Connection> {
  return {
    ...read,
    ...given(body),
    ...(attributes === undefined ? {} : { attributes: { ...read.attributes, ...given(attributes) } }),
    ...(provider === undefined ? {} : await providerFrom(deps, provider, read, at, read)),
  };
}

/** What a change is told of. */
const visible = ({
  updated_at: _,
  etag: __,
  sealed_secret: ___,
  saml: ____,
  reach: _____,
  provider,
  ...rest
}: Connection) => ({
  ...rest,
  ...toldOf(provider),
});

/** From the first write on nobody signs in through it; what is left of it goes here, or with the repair. */
export const remove: Handler<Ops["remove"], ConnectionDeps> = async (call, deps) => {
  const { at } = call;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    if (read.status === "deleting") throw connectionStates.refusal(read.status, ["pending", "active", "inactive"]);
    return call.commit(
      {
        writes: [call.stillPermitted(), ...deleting(deps.table, read, at), ...(await anotherWayIn(deps.table, read))],
        events: [draft(ssoEvents, "sso.connection_deleted", ...subject(read))],
      },
      undefined,
    );
  });
};

export const listSignIns: Handler<Ops["listSignIns"], ConnectionDeps> = async (call, { table }) => {
  const { id, organization_id } = await call.load();
  return table
    .of(organization_id)
    .page(signInRecordItem, { of: { connection_id: id }, newest_first: true, ...call.query });
};
