import type { Read, Table } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { type Membership, membershipItem, type Organization, organizationItem } from "../identity/items.ts";
import type { Caller } from "./caller.ts";
import { type DirectoryRights, tokenStands } from "./directory.ts";
import { type AccessRights, accessStands } from "./operator-access.ts";
import type { Grant } from "./permissions.ts";
import type { Principal } from "./principal.ts";
import { builtInRoles, isBuiltInRole } from "./roles.ts";

/**
 * Where rights come from: the one place that knows it. Today a user's membership and the grants of its built-in role, and
 * the token of a directory, which has a protocol of its own and no grant, and an operator's access (`operator-access.ts`); roles of an organization's own, teams and the scopes of API keys are added here, and no room notices.
 */

/** Rights as they stood when they were read: of a member, of the company's directory, of an operator of the platform. */
export type Rights = MemberRights | DirectoryRights | AccessRights;

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

/** The rights that these items give, or why there are none. */
export function rightsFrom(
  principal: Principal,
  organization: Organization | undefined,
  membership: Membership | undefined,
): MemberRights | Problem {
  if (membership?.status !== "active") return noMembership();
  if (organization?.status === "suspended")
    return new Problem("organization_suspended", "The organization is suspended.");
  if (organization?.status !== "active") return noMembership();
  return {
    by: "membership",
    caller: { principal, organization, grants: grantsOf(membership.role) },
    membership,
    source: `your role \`${membership.role}\``,
  };
}

export const noMembership = (): Problem =>
  new Problem("membership_inactive", "You have no active membership in this organization.");

/** A role that no longer exists grants nothing. */
export const grantsOf = (role: string): readonly Grant[] => (isBuiltInRole(role) ? builtInRoles[role].grants : []);

/**
 * Proves within a transaction that the rights by which the request was permitted still stand: two who push each other
 * out at the same moment do not both succeed.
 */
export function rightsStand(table: Table, rights: Rights, at: Date): Write {
  if (rights.by === "operator_access") return accessStands(table, rights, at);
  if (rights.by === "scim_token") return tokenStands(table, rights);
  const { organization_id, user_id, role } = rights.membership;
  return table
    .of(organization_id)
    .writes.check(membershipItem, { user_id }, { equals: { status: "active", role } }, (old) =>
      old?.status === "active" ? new Problem("forbidden", "Your role has just changed. Try again.") : noMembership(),
    );
}
