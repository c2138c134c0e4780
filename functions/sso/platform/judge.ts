import { takesMethod } from "../../../shared/access/doors.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import {
  emailItem,
  type Organization,
  organizationItem,
  PLATFORM,
  poolAccountItem,
  type User,
  userItem,
} from "../../../shared/identity/items.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import { type DeviceRead, readDevice } from "../../auth/public.ts";
import { type DomainOwner, readDomainOwner } from "../../domains/public.ts";
import { invitationTo, type OpenInvitation, readPending } from "../../invitations/public.ts";
import type { Everybodys, Profile } from "../model.ts";
import { type Decision, decide } from "./rules/decide.ts";

/** All that was read to decide who somebody is, for the transaction that follows. */
export interface Judged {
  readonly decision: Decision;
  /** Whom it is about: whose sign-in it is, else who has the address. */
  readonly user: User | undefined;
  /** The organization that somebody who is new would join. */
  readonly organization: Organization | undefined;
  readonly invitation: OpenInvitation | undefined;
  /** The address's domain, where it lets people in. */
  readonly domain: DomainOwner | undefined;
  /** What was read of the device that they show, as one of whoever has the provider's address. */
  readonly device: DeviceRead;
}

/** What is read along, or otherwise: who it was and what they would join a moment ago. */
interface Along {
  readonly seen_user_id?: string | undefined;
  readonly seen_organization_id?: string | undefined;
  readonly shown?: string | undefined;
  /** An invitation counts without being looked at: it is when it is accepted. */
  readonly unread?: boolean;
}

/** In place of an address that nobody has, and of a role that nobody has read. */
const NOBODY = "nobody";
const UNREAD = "unread";

/**
 * Reads what is known of a person whom a provider has sent that is everybody's, and decides who they are. Nothing is
 * written.
 */
export async function judgeEverybodys(
  table: Table,
  { provider, joins }: Everybodys,
  profile: Profile,
  at: Date,
  { seen_user_id, seen_organization_id, shown, unread = false }: Along = {},
): Promise<Judged> {
  const platform = table.of(PLATFORM);
  // An address that shows nothing is nobody's.
  const address = (profile.email_verified ? profile.email : null) ?? NOBODY;
  const guess = joins ?? seen_organization_id;
  const reads = (id: string) => [table.of(id).read(organizationItem, {}), readPending(table, id, address)] as const;
  const [organizationGuessed, pendingGuessed] = guess === undefined ? [] : reads(guess);
  const { account, marker, owner, device, seen, ...guessed } = await table.batchOf({
    account: platform.read(poolAccountItem, { sub: profile.sub }),
    marker: platform.read(emailItem, { email: address }),
    owner: readDomainOwner(table, domainOf(address)),
    device: shown === undefined ? undefined : readDevice(table, address, shown),
    seen: seen_user_id === undefined ? undefined : platform.read(userItem, { id: seen_user_id }),
    organization: organizationGuessed,
    pending: pendingGuessed,
  });
  const user_id = account?.user_id ?? marker?.user_id;
  const user = user_id === undefined || user_id === seen_user_id ? seen : await platform.get(userItem, { id: user_id });
  const joined = user_id === undefined ? (joins ?? owner?.organization_id) : undefined;
  const [organization, pending] =
    joined === undefined
      ? []
      : joined === guess
        ? ([guessed.organization, guessed.pending] as const)
        : await table.batch(reads(joined));
  const open = organization?.status === "active" ? organization : undefined;
  const invitation = open && !unread ? await invitationTo(table, open, pending, at) : undefined;
  const domain = owner?.organization_id === open?.id && owner?.auto_join === true ? owner : undefined;
  const whose = user_id === undefined ? undefined : user;
  const decision = decide({
    profile,
    known: account === undefined ? undefined : whose,
    by_email: account === undefined ? whose : undefined,
    organization: open && {
      takes_method: takesMethod(open, provider),
      invited_role: unread && pending !== undefined ? UNREAD : invitation?.invitation.role,
      auto_join_role: domain?.default_role ?? null,
    },
  });
  const read = { email: address, found: device };
  return { decision, user: whose, organization: open, invitation, domain, device: read };
}
