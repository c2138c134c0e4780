import type { Read, Table } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { type Membership, membershipItem, type Organization, organizationItem } from "../identity/items.ts";
import type { RuleRole } from "./bundle.ts";
import type { Caller } from "./caller.ts";
import { type DirectoryRights, tokenStands } from "./directory.ts";
import { type KeyRights, keyOwnerStands } from "./keys/rights.ts";
import { type AccessRights, accessStands } from "./operator-access.ts";
import { ownRoleOf, roleChanged, roleStands } from "./own-roles.ts";
import type { Principal } from "./principal.ts";
import { builtInGrants } from "./roles.ts";

/**
 * Where rights come from: the one place that knows it. A user's membership and the grants of its role, built in or of the
 * organization's own (`own-roles.ts`), the scopes of an API key within its owner's (`keys/`), the token of a directory, which
 * has a protocol of its own and no grant, and an operator's access (`operator-access.ts`); teams are added here, and no room notices.
 */

/** Rights as they stood when they were read: of a member, of an API key, of the company's directory, of an operator of the platform. */
export type Rights = MemberRights | KeyRights | DirectoryRights | AccessRights;

export interface MemberRights {
  readonly by: "membership";
  readonly caller: Caller;
  readonly membership: Membership;
  /** Where the grants come from, as a refusal says it: "your role `viewer`". */
  readonly source: string;
}

type RightsReads = readonly [Read<typeof organizationItem>, Read<typeof membershipItem>];

/** What is read to know a user's rights in an organization; part of the batch that reads the session. */
export const rightsReads = (table: Table, organization_id: string, user_id: string): RightsReads => {
  const tenant = table.of(organization_id);
  return [tenant.read(organizationItem, {}), tenant.read(membershipItem, { user_id })];
};

/** The rights that these items give, or why there are none. Reads the roles of the organization's own where one counts and is not held. */
export async function memberRights(
  table: Table,
  principal: Principal,
  organization: Organization | undefined,
  membership: Membership | undefined,
): Promise<MemberRights | Problem> {
  const builtIn = rightsFrom(principal, organization, membership);
  if (builtIn instanceof Problem || organization === undefined || membership === undefined) return builtIn;
  const role = await ownRoleOf(table, organization, membership.role);
  return role === undefined ? builtIn : rightsFrom(principal, organization, membership, role);
}

/**
 * The same where the role is known.
 * @param role the one of the organization's own that the membership names; undefined for a built-in one, and where it is no more
 */
export function rightsFrom(
  principal: Principal,
  organization: Organization | undefined,
  membership: Membership | undefined,
  role?: RuleRole,
): MemberRights | Problem {
  if (membership?.status !== "active") return noMembership();
  if (organization?.status === "suspended")
    return new Problem("organization_suspended", "The organization is suspended.");
  if (organization?.status !== "active") return noMembership();
  return {
    by: "membership",
    caller: { principal, organization, grants: role?.grants ?? builtInGrants(membership.role), own_role: role },
    membership,
    source: `your role \`${role?.name ?? membership.role}\``,
  };
}

export const noMembership = (): Problem =>
  new Problem("membership_inactive", "You have no active membership in this organization.");

/**
 * Proves within a transaction that the rights by which the request was permitted still stand: two who push each other
 * out at the same moment do not both succeed. What the role grants is proved beside it (`roleProofs`).
 */
export function rightsStand(table: Table, rights: Rights, at: Date): Write {
  if (rights.by === "operator_access") return accessStands(table, rights, at);
  if (rights.by === "scim_token") return tokenStands(table, rights);
  if (rights.by === "api_key") return keyOwnerStands(table, rights);
  const { organization_id, user_id, role } = rights.membership;
  return table
    .of(organization_id)
    .writes.check(membershipItem, { user_id }, { equals: { status: "active", role } }, (old) =>
      standsNoMore(old?.status),
    );
}

const standsNoMore = (status: Membership["status"] | undefined): Problem =>
  status === "active" ? roleChanged() : noMembership();

/**
 * The same for whoever changes the very membership that their rights come from: whoever replaces it as it was read proves with that
 * that it is what the request was permitted by.
 * @throws Problem `forbidden` or `membership_inactive` where it was something else already when it was read
 */
export function requireSameStanding(rights: Rights, { role, status }: Pick<Membership, "role" | "status">): void {
  const had = rights.by === "membership" ? rights.membership.role : rights.by === "api_key" ? rights.role : undefined;
  if (status !== "active" || role !== had) throw standsNoMore(status);
}

/** What a transaction proves beside {@link rightsStand} where a role of the organization's own permitted it: that it grants the same. */
export const roleProofs = (table: Table, { caller: { organization, own_role } }: Rights): Write[] =>
  own_role === undefined ? [] : [roleStands(table.of(organization.id), own_role)];
