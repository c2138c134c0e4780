import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { membershipItem, organizationItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { auditDaysOf } from "../../../shared/identity/organization.ts";
import { requireReach } from "../../users/public.ts";
import type { AskDeps } from "../asked/ask.ts";
import {
  connectionItem,
  type Identity,
  identityItem,
  type PlatformIdentity,
  platformIdentityItem,
  userIdentityItem,
} from "../store.ts";
import type { identityOperations } from "./operations.ts";
import { ownCompanys, ownEverybodys } from "./own.ts";
import { unlink } from "./unlink.ts";

type Ops = typeof identityOperations;

export type IdentityDeps = Pick<AskDeps, "table" | "clients" | "registrations">;

/** A way into somebody's account. */
interface Way {
  /** Through whose connection it goes; undefined where the provider is everybody's. */
  readonly organization_id: string | undefined;
  readonly identity: Identity | PlatformIdentity;
  readonly shown: Output<Ops["listOwnIdentities"]>["items"][number];
  /** Nobody comes in by it any more: the provider calls the person otherwise by now. */
  readonly dead: boolean;
}

/** Through which providers a user signs in. */
const waysOf = async (deps: IdentityDeps, user_id: string): Promise<Way[]> => [
  ...(await everybodysWays(deps, user_id)),
  ...(await companysWays(deps, user_id)),
];

/** Through those that are everybody's. */
async function everybodysWays({ table, clients, registrations }: IdentityDeps, user_id: string): Promise<Way[]> {
  const ways: Way[] = [];
  for await (const identity of table.of(PLATFORM).all(platformIdentityItem, { of: { user_id } })) {
    const { provider, registration } = identity;
    const dead = registration !== undefined && registration !== registrations[provider];
    const shown = ownEverybodys(identity, clients[provider] !== undefined && !dead);
    ways.push({ organization_id: undefined, identity, shown, dead });
  }
  return ways;
}

/** Through those of companies. */
async function companysWays({ table }: IdentityDeps, user_id: string): Promise<Way[]> {
  const pointers = [];
  for await (const pointer of table.of(PLATFORM).all(userIdentityItem, { of: { user_id } })) pointers.push(pointer);
  const ways = pointers.map(async ({ id, connection_id, organization_id }): Promise<Way[]> => {
    const tenant = table.of(organization_id);
    const [identity, connection, organization] = await table.batch([
      tenant.read(identityItem, { id, connection_id }),
      tenant.read(connectionItem, { id: connection_id }),
      tenant.read(organizationItem, {}),
    ]);
    if (identity?.user_id !== user_id || connection === undefined) return [];
    const active = connection.status === "active" && organization?.status === "active";
    return [{ organization_id, identity, shown: ownCompanys(identity, connection, active), dead: false }];
  });
  return (await Promise.all(ways)).flat();
}

export const listIdentities: Handler<Ops["listIdentities"], IdentityDeps> = async (call, { table }) => {
  const { id, organization_id } = await call.load();
  return table.of(organization_id).page(identityItem, { of: { connection_id: id }, ...call.query });
};

export const unlinkIdentity: Handler<Ops["unlinkIdentity"], IdentityDeps> = async (call, { table }) => {
  const { caller } = call;
  const identity = await call.load();
  const [user, membership] = await table.batch([
    table.of(PLATFORM).read(userItem, { id: identity.user_id }),
    table.of(caller.organization.id).read(membershipItem, { user_id: identity.user_id }),
  ]);
  if (user === undefined) throw notFound();
  if (membership !== undefined && membership.status !== "removed") await requireReach(table, caller, [membership.role]);
  await unlink(table, call.context, identity, user, call.proofs());
  return undefined;
};

export const listOwnIdentities: Handler<Ops["listOwnIdentities"], IdentityDeps> = async ({ caller }, deps) => {
  const ways = await waysOf(deps, caller.user.id);
  return { has_password: caller.user.has_password, items: ways.map(({ shown }) => shown) };
};

/** Two who are unlinked at once are not both the second to last: the account's list is as it was read. */
export const unlinkOwnIdentity: Handler<Ops["unlinkOwnIdentity"], IdentityDeps> = async (call, deps) => {
  const { caller, path, at, request, trace } = call;
  const { table } = deps;
  const user = await table.of(PLATFORM).get(userItem, { id: caller.user.id });
  const ways = await waysOf(deps, caller.user.id);
  const way = ways.find(({ identity }) => identity.id === path.sso_identity_id);
  if (way === undefined || user === undefined) throw notFound();
  const left = user.has_password || way.dead || ways.some((other) => other !== way && other.shown.active);
  if (!left)
    throw new Problem("conflict", "This is your last way in. Link another one first.", {
      members: { state: "last_way_in" },
    });
  const tenant = way.organization_id ?? user.default_organization_id;
  const audit_days = await auditDaysOf(table.of(tenant));
  const context = { tenant, actor: caller.principal, at, trace_id: trace.trace_id, request, audit_days };
  await unlink(table, context, way.identity, user);
  return undefined;
};
