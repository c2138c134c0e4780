import { roleThere } from "../../../shared/access/own-roles.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import {
  type Membership,
  membershipItem,
  NEVER_SEEN,
  type Organization,
  organizationItem,
  PLATFORM,
  type User,
  userOrganizationItem,
} from "../../../shared/identity/items.ts";
import { countOwner } from "../../../shared/identity/owners.ts";
import { newEtag } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { organizationEvents } from "../../organizations/events.ts";
import { isActiveOwner, nameKeyOf } from "../model.ts";

/** How somebody comes to belong to an organization. */
export interface Joining {
  readonly organization: Pick<Organization, "id" | "plan">;
  readonly user: Pick<User, "id" | "name">;
  readonly role: string;
  /** Whether the role is what rules made of another one: where they do not any more, it is judged anew (412). */
  readonly ruled?: boolean;
  readonly joined_via: Membership["joined_via"];
  /** Whether they have rights at once: a directory may bring somebody who has none yet. Active unless told. */
  readonly status?: "active" | "suspended";
  /** Whether it is the user's first organization. */
  readonly primary: boolean;
  /** The refusal where the organization is not active; null for whoever founds it, with whom it begins. */
  readonly inactive: (() => Problem) | null;
  readonly at: Date;
}

/**
 * The writes that make a user a member: the membership, with a role that is there to be given, the way from the user to it, a seat of the plan, the count of
 * owners, as long as the organization is active. The one place where members come from.
 * @param before the membership as it was read: somebody who was removed comes back with a new role
 * @throws Problem `conflict` (409) for somebody who is a member already
 */
export function join(
  table: Table,
  joining: Joining,
  before?: Membership,
): { readonly membership: Membership; readonly writes: Write[] } {
  const { organization, user, role, ruled = false, joined_via, status = "active", primary, inactive, at } = joining;
  const user_id = user.id;
  const tenant = table.of(organization.id);
  const now = timestamp(at);
  const membership: Membership = {
    organization_id: organization.id,
    user_id,
    role,
    joined_via,
    status,
    ...(status === "suspended" ? { suspended_by: "directory" } : {}),
    primary,
    joined_at: now,
    last_seen_on: before?.last_seen_on ?? NEVER_SEEN,
    name_key: nameKeyOf(user.name),
    updated_at: now,
    etag: newEtag(at),
  };
  if (before !== undefined && before.status !== "removed") throw memberAlready(before.status);
  const writes = [
    ...(inactive === null
      ? []
      : [tenant.writes.check(organizationItem, {}, { equals: { status: "active" } }, inactive)]),
    before === undefined
      ? tenant.writes.create(membershipItem, membership, (old) => memberAlready(old?.status ?? "active"))
      : tenant.writes.replace(membershipItem, membership, before.etag),
    ...roleThere(tenant, role, ruled || joined_via !== "invitation", ruled ? lostRace : roleGone),
    table.of(PLATFORM).writes.put(userOrganizationItem, { user_id, organization_id: organization.id }),
    takeQuota(tenant, organization.plan, "users"),
    ...(isActiveOwner(membership) ? [countOwner(tenant)] : []),
  ];
  return { membership, writes };
}

const roleGone = (): Problem =>
  new Problem(
    "conflict",
    "The role that people get here is gone, or is being deleted. An administrator names another one.",
    {
      members: { state: "role_gone" },
    },
  );

/** The writes of {@link join}. */
export const joinWrites = (table: Table, joining: Joining, before?: Membership): Write[] =>
  join(table, joining, before).writes;

export const joined = ({ organization, role, user: { id, name } }: Joining): EventDraft =>
  draft(organizationEvents, "membership.added", { id, name }, { organization_id: organization.id, user_id: id, role });

const memberAlready = (status: Membership["status"]): Problem =>
  new Problem(
    "conflict",
    status === "suspended"
      ? "This user is a member already, and suspended. An administrator can restore them."
      : "This user is a member of the organization already.",
    { members: { state: status } },
  );
