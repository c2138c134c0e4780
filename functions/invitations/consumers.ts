import * as z from "zod";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import { draft, type Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { emailItem, organizationItem, PLATFORM, userItem } from "../../shared/identity/items.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { generalOf } from "../../shared/identity/settings.ts";
import { type MailDeps, mailTo } from "../../shared/mail/send.ts";
import { mailLanguage, worded } from "../../shared/mail/template.ts";
import { invitationEvents } from "./events.ts";
import { invitationMail } from "./mails.ts";
import { invitationStates } from "./model.ts";
import { endWrites, invitationItem, invitationTokenContext } from "./store.ts";

const named = z.object({ invitation_id: z.string() });

/** Mails the newest link of an invitation that is still pending. A second delivery sends the same mail again. */
export async function sendInvitation(event: Envelope, deps: MailDeps): Promise<void> {
  const { invitation_id } = named.parse(event.data);
  const tenant = deps.table.of(event.organization_id);
  const [invitation, organization] = await deps.table.batch([
    tenant.read(invitationItem, { id: invitation_id }),
    tenant.read(organizationItem, {}),
  ]);
  if (invitation?.status !== "pending" || organization?.status !== "active") return;
  if (Date.parse(invitation.expires_at) <= deps.clock.now().getTime()) return;
  const inviter = await deps.table.of(PLATFORM).get(userItem, { id: invitation.invited_by });
  const token = await deps.secrets.decrypt(invitation.sealed_token, invitationTokenContext(invitation));
  const about = {
    ...deps,
    token,
    organization: organization.name,
    inviter: inviter?.name ?? null,
    message: invitation.message,
  };
  const account = await deps.table.of(PLATFORM).get(emailItem, { email: invitation.email });
  const guest = account && (await deps.table.of(PLATFORM).get(userItem, { id: account.user_id }));
  if (guest !== undefined) return mailTo(deps, guest, invitationMail, about);
  const language = mailLanguage(generalOf(organization.settings).language);
  await deps.send({ to: invitation.email, ...worded(invitationMail, language, about) });
}

/**
 * `invitation_expiry`: ends an invitation that nobody followed in time, unless it was answered or sent again.
 * @returns when to look again, where it was sent again
 */
export async function expire(
  { tenant: id, ref }: Due,
  { table, clock }: { readonly table: Table; readonly clock: Clock },
): Promise<Date | undefined> {
  const tenant = table.of(id);
  const at = clock.now();
  const invitation = await tenant.get(invitationItem, { id: ref });
  if (invitation?.status !== "pending") return undefined;
  if (new Date(invitation.expires_at) > at) return new Date(invitation.expires_at);
  const context = systemContext(id, "invitation_expiry", at, await auditDaysOf(tenant));
  const { email, role, etag } = invitation;
  try {
    await commitChange(table, context, {
      writes: endWrites(tenant, invitation, { status: "expired", at }, { equals: { etag } }, (old) =>
        invitationStates.refusal(old?.status ?? "accepted", "expired"),
      ),
      events: [draft(invitationEvents, "invitation.expired", { id: ref, name: email }, { invitation_id: ref, role })],
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    // Somebody answered it or sent it again at this moment; what they wrote says when to look again.
    return expiryOf(await tenant.get(invitationItem, { id: ref }));
  }
}

const expiryOf = (invitation: { readonly status: string; readonly expires_at: string } | undefined) =>
  invitation?.status === "pending" ? new Date(invitation.expires_at) : undefined;
