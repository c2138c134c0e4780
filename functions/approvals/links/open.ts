import { refusalWithoutSignIn } from "../../../shared/access/doors.ts";
import { grantsOf } from "../../../shared/access/own-roles.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import {
  type Membership,
  membershipItem,
  type Organization,
  organizationItem,
  PLATFORM,
  type User,
  userItem,
} from "../../../shared/identity/items.ts";
import { personOf } from "../asking/approvers.ts";
import { approversOf, type Person } from "../rules/approvers.ts";
import { refusalOf } from "../rules/deciding.ts";
import { parseToken } from "../rules/token.ts";
import { type Approval, type ApprovalLink, approvalItem, approvalLinkItem } from "../store.ts";

/** An approval that a link opens, for whom it was mailed to, as they are now. */
export interface OpenLink {
  readonly table: TenantTable;
  readonly link: ApprovalLink;
  readonly approval: Approval;
  readonly organization: Organization;
  readonly membership: Membership;
  readonly user: User;
  readonly person: Person;
}

/** The one thing that a link says which is wrong, used, too old, of what is decided, or of somebody who may not decide (any more). */
const noLongerWorks = (): Problem =>
  new Problem("not_found", "This link no longer works. Sign in to see what has become of the approval.");

/**
 * What a link's token opens, by the approver's rights at this moment.
 * @throws Problem `not_found` (404), the same for every reason; `sign_in_required` or `address_not_allowed` (403) for a
 * good link, where the organization's settings ask for more than one
 */
export async function openLink(
  table: Table,
  token: string,
  { ip, at }: { readonly ip: string; readonly at: Date },
): Promise<OpenLink> {
  const named = parseToken(token);
  if (named === undefined) throw noLongerWorks();
  const { organization_id, approval_id, user_id, secret_hash } = named;
  const own = table.of(organization_id);
  const [link, approval, organization, membership, user] = await table.batch([
    own.read(approvalLinkItem, { approval_id, user_id }),
    own.read(approvalItem, { id: approval_id }),
    own.read(organizationItem, {}),
    own.read(membershipItem, { user_id }),
    table.of(PLATFORM).read(userItem, { id: user_id }),
  ]);
  if (
    link?.secret_hash !== secret_hash ||
    approval === undefined ||
    organization?.status !== "active" ||
    membership?.status !== "active" ||
    user?.status !== "active"
  )
    throw noLongerWorks();
  const person = await personOf(
    own,
    membership,
    await grantsOf(table, organization, membership.role),
    approversOf(approval),
  );
  if (refusalOf(approval, person, at) !== undefined) throw noLongerWorks();
  const refusal = refusalWithoutSignIn(organization, ip, at);
  if (refusal !== undefined) throw refusal;
  return { table: own, link, approval, organization, membership, user, person };
}

/**
 * The writes by which a link is used up, by somebody who is still what they were when it was opened.
 * @returns writes that fail with `precondition_failed`: then it is opened anew
 */
export const useWrites = ({ table, link, membership }: OpenLink): Write[] => {
  const { approval_id, user_id, secret_hash } = link;
  const { role } = membership;
  return [
    table.writes.remove(approvalLinkItem, { approval_id, user_id }, { equals: { secret_hash } }, () => lostRace()),
    table.writes.check(membershipItem, { user_id }, { equals: { status: "active", role } }, () => lostRace()),
  ];
};
