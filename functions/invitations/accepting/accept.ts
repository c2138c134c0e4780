import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { ItemOf } from "../../../shared/dynamo/item.ts";
import type { Read, Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import {
  type Membership,
  membershipItem,
  type Organization,
  organizationItem,
  type User,
} from "../../../shared/identity/items.ts";
import { enterPromisedTeams } from "../../teams/public.ts";
import { type Joining, joined, joinWrites } from "../../users/public.ts";
import { enterPromisedWorkspaces } from "../../workspaces/public.ts";
import { invitationEvents } from "../events.ts";
import { PROMISED, parseToken } from "../model.ts";
import { endWrites, type Invitation, invitationItem, pendingInvitationItem } from "../store.ts";

/** An invitation that its link still opens. */
export interface OpenInvitation {
  readonly invitation: Invitation;
  readonly organization: Organization;
}

/**
 * The one thing that a link says which is wrong, used, revoked, replaced, too old, of an organization that is gone, to a role
 * that is, or sent by somebody who is no active member any more.
 */
export const noLongerWorks = (): Problem =>
  new Problem("not_found", "This invitation no longer works. Ask whoever invited you to send it again.");

/**
 * The invitation that a link's token opens.
 * @throws Problem `not_found` (404), the same for every reason
 */
export async function openInvitation(table: Table, token: string, now: Date): Promise<OpenInvitation> {
  const named = parseToken(token);
  if (named === undefined) throw noLongerWorks();
  const tenant = table.of(named.organization_id);
  const [invitation, organization] = await table.batch([
    tenant.read(invitationItem, { id: named.id }),
    tenant.read(organizationItem, {}),
  ]);
  if (
    invitation?.status !== "pending" ||
    invitation.secret_hash !== named.secret_hash ||
    Date.parse(invitation.expires_at) <= now.getTime() ||
    organization?.status !== "active"
  )
    throw noLongerWorks();
  const inviter = await tenant.get(membershipItem, { user_id: invitation.invited_by });
  if (inviter?.status !== "active") throw noLongerWorks();
  return { invitation, organization };
}

/** What is read to know whether an address is invited. */
export const readPending = (table: Table, organization_id: string, email: string): Read<typeof pendingInvitationItem> =>
  table.of(organization_id).read(pendingInvitationItem, { email });

/**
 * The open invitation to an address that has been proved otherwise than by the link; undefined where there is none.
 * @param pending what was read of the address
 */
export async function invitationTo(
  table: Table,
  organization: Organization,
  pending: ItemOf<typeof pendingInvitationItem> | undefined,
  now: Date,
): Promise<OpenInvitation | undefined> {
  const tenant = table.of(organization.id);
  if (pending === undefined || organization.status !== "active") return undefined;
  const invitation = await tenant.get(invitationItem, { id: pending.invitation_id });
  if (invitation?.status !== "pending" || Date.parse(invitation.expires_at) <= now.getTime()) return undefined;
  const inviter = await tenant.get(membershipItem, { user_id: invitation.invited_by });
  return inviter?.status === "active" ? { invitation, organization } : undefined;
}

/**
 * Items at most: the invitation's end (5), the membership (4), the organization, the inviter, the role, two events with their
 * entries; two for each promised place and two for its event, one for all teams of the user.
 */
export const LARGEST_ACCEPTANCE = 16 + PROMISED * 2 * 4 + 1;

/** The transaction that accepts an invitation, and what the user got by it. */
interface Accepted {
  readonly writes: readonly Write[];
  readonly events: readonly [EventDraft, ...EventDraft[]];
  readonly joined: Pick<Invitation, "role" | "team_ids" | "workspaces">;
}

/** Who joins: the user, and what they were before. */
interface Joiner {
  readonly at: Date;
  readonly before?: Membership | undefined;
  readonly primary: boolean;
  /** What a provider's groups give them instead of the role that they were invited to; `ruled` then. */
  readonly role?: string;
  readonly ruled?: boolean;
}

/**
 * What accepting is: the invitation ends, the user has the role, a seat, and the promised places in teams and workspaces
 * that are still there, all in one transaction or not at all. Where a place changes meanwhile it fails with
 * `precondition_failed` and is to be made anew.
 */
export async function acceptance(
  table: Table,
  { invitation, organization }: OpenInvitation,
  user: Pick<User, "id" | "name">,
  { at, before, primary, role = invitation.role, ruled = false }: Joiner,
): Promise<Accepted> {
  const { id, email, secret_hash, invited_by } = invitation;
  const tenant = table.of(organization.id);
  const joining: Joining = {
    organization,
    user,
    role,
    ruled,
    joined_via: "invitation",
    primary,
    inactive: noLongerWorks,
    at,
  };
  const entry = { user_id: user.id, added_by: invited_by, at };
  const teams = await enterPromisedTeams(table, organization.id, invitation.team_ids, entry);
  const workspaces = await enterPromisedWorkspaces(table, organization.id, invitation.workspaces, entry);
  const as_read = { equals: { secret_hash }, at_least: { expires_at: timestamp(at) } };
  return {
    writes: [
      ...endWrites(tenant, invitation, { status: "accepted", at, accepted_by: user.id }, as_read, noLongerWorks),
      // What somebody sent who is removed or suspended lets nobody in, also before it is revoked.
      tenant.writes.check(membershipItem, { user_id: invited_by }, { equals: { status: "active" } }, noLongerWorks),
      ...joinWrites(table, joining, before),
      ...teams.writes,
      ...workspaces.writes,
    ],
    events: [
      draft(
        invitationEvents,
        "invitation.accepted",
        { id, name: email },
        { invitation_id: id, role, user_id: user.id },
      ),
      joined(joining),
      ...teams.events,
      ...workspaces.events,
    ],
    joined: { role, team_ids: teams.entered, workspaces: workspaces.entered },
  };
}
