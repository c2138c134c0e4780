import * as z from "zod";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { organizationItem, PLATFORM, userItem } from "../../shared/identity/items.ts";
import { ownersOf } from "../../shared/identity/owners.ts";
import { retentionOf } from "../../shared/limits/retention.ts";
import type { SendMail } from "../../shared/mail/send.ts";
import { transferEnded } from "./transfer/handlers.ts";
import { answerWrites, transferItem } from "./transfer/store.ts";

interface NoticeDeps {
  readonly table: Table;
  readonly send: SendMail;
  readonly app_url: string;
}

const told = z.object({ name: z.string(), from_user_id: z.string(), to_user_id: z.string() });

/**
 * `organization.transfer_asked`, `organization.ownership_transferred`: mails whoever is asked, and every owner, so that no
 * organization changes hands without the others' knowing. A second delivery sends the same mails again.
 */
export async function sendNotice(event: Envelope, { table, send, app_url }: NoticeDeps): Promise<void> {
  const { name, from_user_id, to_user_id } = told.parse(event.data);
  const tenant = table.of(event.organization_id);
  const organization = await tenant.get(organizationItem, {});
  if (organization?.status !== "active") return;
  const owners = new Set([from_user_id]);
  for await (const user_id of ownersOf(tenant)) owners.add(user_id);
  const userOf = (id: string) => table.of(PLATFORM).get(userItem, { id });
  const [from, to] = await Promise.all([userOf(from_user_id), userOf(to_user_id)]);
  if (from === undefined || to === undefined) return;
  const asked = event.type === "organization.transfer_asked";
  if (asked) {
    await send({
      to: to.email,
      subject: `Take over ${name} at Kaizen Studio`,
      lines: [
        `${from.name} wants to hand the organization ${name} over to you: you would be its owner.`,
        "",
        `Sign in and answer within seven days: ${app_url}/organization/transfer`,
        `or POST /api/v1/organizations/${event.organization_id}/transfer/accept (or …/decline).`,
      ],
    });
    owners.delete(to_user_id);
  }
  const lines = asked
    ? [
        `${from.name} has asked ${to.name} (${to.email}) to take over the organization ${name}.`,
        "",
        `An owner can withdraw it: DELETE /api/v1/organizations/${event.organization_id}/transfer`,
      ]
    : [`${to.name} (${to.email}) has taken over the organization ${name} from ${from.name}.`];
  const subject = asked ? `${name} is about to change hands` : `${name} has changed hands`;
  for (const id of owners) {
    const owner = await userOf(id);
    if (owner?.status === "active") await send({ to: owner.email, subject, lines });
  }
}

/**
 * `ownership_transfer_expiry`: ends a transfer that nobody has answered in time.
 * @returns when to look again
 */
export async function expireTransfer(
  { tenant: id, ref }: Due,
  { table, clock }: { readonly table: Table; readonly clock: Clock },
): Promise<Date | undefined> {
  const tenant = table.of(id);
  const at = clock.now();
  const [transfer, organization] = await table.batch([
    tenant.read(transferItem, {}),
    tenant.read(organizationItem, {}),
  ]);
  if (organization === undefined || transfer?.id !== ref || transfer.status !== "pending") return undefined;
  if (new Date(transfer.expires_at) > at) return new Date(transfer.expires_at);
  const context = systemContext(id, "ownership_transfer_expiry", at, retentionOf(organization).audit_days);
  try {
    await commitChange(table, context, {
      writes: answerWrites(tenant, transfer, "expired", at),
      events: [transferEnded(organization, transfer, "expired")],
    });
  } catch (error) {
    // It was answered at this moment.
    if (!(error instanceof Problem) || error.status >= 500) throw error;
  }
  return undefined;
}
