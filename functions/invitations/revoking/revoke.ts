import { draft, type EventDraft } from "../../../shared/change/events.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { invitationEvents } from "../events.ts";
import { invitationStates } from "../model.ts";
import { endWrites, type Invitation, invitationItem, roleInvitationItem } from "../store.ts";

/** Pending invitations that somebody has sent; an index shows a new one a moment late. */
export const pendingOf = (table: Table, tenant: string, invited_by: string): AsyncGenerator<Invitation> =>
  table.of(tenant).all(invitationItem, { index: "gsi2", of: { invited_by, status: "pending" } });

/** Ids of pending invitations to a role of the organization's own. */
export async function* invitationsTo(tenant: TenantTable, role: string): AsyncGenerator<string> {
  for await (const { invitation_id } of tenant.all(roleInvitationItem, { of: { role } })) yield invitation_id;
}

/** What takes an invitation back: it is refused where it is pending no more. */
export function revocation(
  tenant: TenantTable,
  invitation: Invitation,
  at: Date,
): { readonly writes: readonly Write[]; readonly events: readonly [EventDraft] } {
  const { id, email, role } = invitation;
  return {
    writes: endWrites(tenant, invitation, { status: "revoked", at }, {}, (old) =>
      invitationStates.refusal(old?.status ?? "accepted", "revoked"),
    ),
    events: [draft(invitationEvents, "invitation.revoked", { id, name: email }, { invitation_id: id, role })],
  };
}
