import * as z from "zod";
import { isBuiltInRole } from "../../shared/access/roles.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { alreadyExists, Problem } from "../../shared/errors.ts";
import { defineResource } from "../../shared/http/resource.ts";
import type { Organization } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { plans, UNLIMITED } from "../../shared/limits/plans.ts";
import { giveQuota, takeQuota } from "../../shared/limits/quota.ts";
import { invitationSchema, invitationStates, KEPT_SECONDS, MAILS_PER_ADDRESS } from "./model.ts";

export const invitationItem = defineItem({
  type: "invitation",
  summary: "Somebody who is asked to join, by e-mail; kept for a while after it is answered.",
  schema: invitationSchema.extend({
    secret_hash: z.string(),
    /** The link's token, encrypted; the mail function is the only one to open it. */
    sealed_token: z.string(),
    etag: z.string(),
    /** Set when nothing can change it any more. */
    purge_at: z.string().optional(),
  }),
  key: { pk: "INVITATION#{id}", sk: "INVITATION" },
  indexes: {
    gsi1: { pk: "INVITATIONS#{status}", sk: "{id}" },
    gsi2: { pk: "INVITATIONS_BY#{invited_by}#{status}", sk: "{id}" },
  },
  expires: "purge_at",
});
export type Invitation = ItemOf<typeof invitationItem>;

export const pendingInvitationItem = defineItem({
  type: "pending_invitation",
  summary: "One pending invitation for an address and organization; the way from the address to it.",
  schema: z.object({ email: z.string(), invitation_id: idSchema("invitation") }),
  key: { pk: "PENDING_INVITATION#{email}", sk: "PENDING_INVITATION" },
});

export const roleInvitationItem = defineItem({
  type: "role_invitation",
  summary: "A pending invitation to a role of the organization's own; the way from the role to it.",
  schema: z.object({ role: z.string(), invitation_id: idSchema("invitation") }),
  key: { pk: "ROLE_INVITATIONS#{role}", sk: "{invitation_id}" },
});

/** Mails are counted by address and for the organization: taking invitations back does not make room for more of them. */
export const invitationMailsItem = defineItem({
  type: "invitation_mails",
  summary: "Mails with invitations on one day (UTC), to one address or of the whole organization.",
  schema: z.object({ scope: z.string(), day: z.string(), count: z.int(), expires_at: z.string() }),
  key: { pk: "INVITATION_MAILS#{scope}", sk: "{day}" },
  expires: "expires_at",
});

export const invitationExpiry = defineDue("invitation_expiry");

export const invitationResource = defineResource({
  type: "invitation",
  path: ["invitation_id"],
  item: invitationItem,
  key: ({ invitation_id }) => ({ id: invitation_id }),
});

/** What binds the token of an invitation to its record. */
export const invitationTokenContext = ({ organization_id, id }: Pick<Invitation, "organization_id" | "id">) =>
  ({ purpose: "invitations", tenant: organization_id, field: `invitation.${id}` }) as const;

/** The writes that make a pending invitation: one for each address, the way to it from a role that may go, one place of the plan, its end. */
export const invitationWrites = (tenant: TenantTable, plan: Organization["plan"], invitation: Invitation): Write[] => [
  tenant.writes.create(pendingInvitationItem, { email: invitation.email, invitation_id: invitation.id }, (old) =>
    alreadyExists("email", `An invitation to this address is pending: ${old?.invitation_id}. Send that one again.`),
  ),
  tenant.writes.create(invitationItem, invitation),
  ...(isBuiltInRole(invitation.role)
    ? []
    : [tenant.writes.put(roleInvitationItem, { role: invitation.role, invitation_id: invitation.id })]),
  takeQuota(tenant, plan, "invitations"),
  invitationExpiry.set(tenant, invitation.id, new Date(invitation.expires_at)),
];

const DAY_MS = 86_400_000;

/** The writes that count one mail more, to the address and of the organization. @returns writes that refuse with 429 */
export function mailWrites(tenant: TenantTable, plan: Organization["plan"], email: string, at: Date): Write[] {
  const day = timestamp(at).slice(0, 10);
  const tomorrow = new Date(Date.parse(day) + DAY_MS);
  const expires_at = timestamp(addSeconds(tomorrow, 3_600));
  const counted = (scope: string, limit: number, whose: string) => {
    const below = limit === UNLIMITED ? {} : { any: [{ absent: ["count"] }, { below: { count: limit } }] };
    return tenant.writes.update(
      invitationMailsItem,
      { scope, day },
      { set: { scope, day, expires_at }, add: { count: 1 } },
      below,
      () =>
        new Problem("rate_limited", `${limit} invitations were mailed ${whose} today (UTC), which is the most.`, {
          headers: { "retry-after": String(Math.ceil((tomorrow.getTime() - at.getTime()) / 1000)) },
        }),
    );
  };
  return [
    counted(email, MAILS_PER_ADDRESS, "to this address"),
    counted("organization", plans[plan].invitation_mails_per_day, "by the organization"),
  ];
}

/**
 * The writes that end a pending invitation: as it was read or with any link, it is free for another one then.
 * @param refuse what is said where it is not pending any more
 */
export function endWrites(
  tenant: TenantTable,
  { id, email, invited_by, role }: Pick<Invitation, "id" | "email" | "invited_by" | "role">,
  end: { readonly status: Exclude<Invitation["status"], "pending">; readonly at: Date; readonly accepted_by?: string },
  when: { readonly equals?: Partial<Invitation>; readonly at_least?: { readonly expires_at: string } },
  refuse: (old: Invitation | undefined) => Problem,
): Write[] {
  const { status, at, accepted_by = null } = end;
  return [
    tenant.writes.update(
      invitationItem,
      { id },
      {
        set: {
          id,
          invited_by,
          status,
          accepted_by,
          updated_at: timestamp(at),
          purge_at: timestamp(addSeconds(at, KEPT_SECONDS)),
        },
      },
      { one_of: { status: invitationStates.from(status) }, ...when },
      refuse,
    ),
    tenant.writes.remove(pendingInvitationItem, { email }, { equals: { invitation_id: id } }, () => refuse(undefined)),
    ...(isBuiltInRole(role) ? [] : [tenant.writes.remove(roleInvitationItem, { role, invitation_id: id }, {})]),
    giveQuota(tenant, "invitations"),
    invitationExpiry.clear(tenant, id),
  ];
}
