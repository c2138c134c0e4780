import type { Table } from "../../../shared/dynamo/table.ts";
import {
  emailItem,
  type Membership,
  membershipItem,
  type Organization,
  organizationItem,
  PLATFORM,
  type User,
  userItem,
} from "../../../shared/identity/items.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import { type DeviceRead, readDevice } from "../../auth/public.ts";
import { type DomainOwner, readDomainOwner } from "../../domains/public.ts";
import { invitationTo, type OpenInvitation, readPending } from "../../invitations/public.ts";
import type { Place, Profile } from "../model.ts";
import { type Connection, connectionItem, type Identity, identityId, identityItem } from "../store.ts";
import { type Decision, decide } from "./rules/decide.ts";

/** All that was read to decide who somebody is, for the transaction that follows. */
export interface Judged {
  readonly decision: Decision;
  readonly connection: Connection;
  readonly organization: Organization;
  /** The address's domain, where the organization is the one that has proved it. */
  readonly domain: DomainOwner | undefined;
  readonly identity: Identity | undefined;
  /** Whom it is about: whose identity it is, else who has the address. */
  readonly user: User | undefined;
  readonly membership: Membership | undefined;
  readonly invitation: OpenInvitation | undefined;
  /** What was read of the device that they show, as one of whoever has the provider's address. */
  readonly device: DeviceRead;
}

/** What is read along, or otherwise. */
interface Along {
  readonly as_open?: boolean;
  readonly seen_user_id?: string | undefined;
  readonly shown?: string | undefined;
}

/** In place of an address that nobody has. */
const NOBODY = "nobody";

/**
 * Reads what is known of a person whom a provider has sent, and decides who they are. Nothing is written.
 * @param as_open whether the connection counts as active whatever it is
 * @param seen_user_id who it was a moment ago: read along, so that it takes one read where it still is
 * @param shown the device that they show
 * @returns undefined where the connection or its organization is gone
 */
export async function judge(
  table: Table,
  { organization_id, connection_id }: Place,
  profile: Profile,
  at: Date,
  { as_open = false, seen_user_id, shown }: Along = {},
): Promise<Judged | undefined> {
  const { email } = profile;
  const tenant = table.of(organization_id);
  const platform = table.of(PLATFORM);
  const address = email ?? NOBODY;
  const of = (user_id: string) =>
    [platform.read(userItem, { id: user_id }), tenant.read(membershipItem, { user_id })] as const;
  const [userSeen, membershipSeen] = seen_user_id === undefined ? [] : of(seen_user_id);
  const { connection, organization, identity, marker, owner, pending, device, ...seen } = await table.batchOf({
    connection: tenant.read(connectionItem, { id: connection_id }),
    organization: tenant.read(organizationItem, {}),
    identity: tenant.read(identityItem, { connection_id, id: identityId(connection_id, profile.subject) }),
    marker: platform.read(emailItem, { email: address }),
    owner: readDomainOwner(table, domainOf(address)),
    pending: readPending(table, organization_id, address),
    device: shown === undefined ? undefined : readDevice(table, address, shown),
    user: userSeen,
    membership: membershipSeen,
  });
  if (connection === undefined || organization?.status !== "active") return undefined;
  const user_id = identity?.user_id ?? marker?.user_id;
  const [user, membership] =
    user_id === undefined
      ? []
      : user_id === seen_user_id
        ? [seen.user, seen.membership]
        : await table.batch(of(user_id));
  const proved = owner?.organization_id === organization_id ? owner : undefined;
  const invitation =
    email === null || proved === undefined || membership?.status === "active"
      ? undefined
      : await invitationTo(table, organization, pending, at);
  const decision = decide({
    connection: as_open ? { ...connection, status: "active" } : connection,
    profile,
    domain_proved: proved !== undefined,
    auto_join_role: proved?.auto_join === true ? proved.default_role : null,
    known: identity && user && { id: user.id, status: user.status, linked_by: identity.linked_by },
    by_email: identity === undefined ? user : undefined,
    membership,
    invited_role: invitation?.invitation.role,
  });
  const known = { identity, user, membership, invitation, device: { email: address, found: device } };
  return { decision, connection, organization, domain: proved, ...known };
}
