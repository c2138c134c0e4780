import * as z from "zod";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { organizationItem, PLATFORM, userItem } from "../../shared/identity/items.ts";
import { retentionOf } from "../../shared/limits/retention.ts";
import { mailOwners } from "../../shared/mail/owners.ts";
import { type MailDeps, mailTo } from "../../shared/mail/send.ts";
import { transferEnded } from "./transfer/handlers.ts";
import { aboutToChangeMail, askedMail, changedHandsMail } from "./transfer/mails.ts";
import { answerWrites, transferItem } from "./transfer/store.ts";

type NoticeDeps = Pick<MailDeps, "table" | "send" | "app_url">;

const handing = z.object({ name: z.string(), from_user_id: z.string(), to_user_id: z.string() });

/**
 * `organization.transfer_asked`, `organization.ownership_transferred`: mails whoever is asked, and every owner, so that no
 * organization changes hands without the others' knowing. A second delivery sends the same mails again.
 */
export async function sendNotice(event: Envelope, deps: NoticeDeps): Promise<void> {
  const { name: organization, from_user_id, to_user_id } = handing.parse(event.data);
  const { organization_id } = event;
  const tenant = deps.table.of(organization_id);
  if ((await tenant.get(organizationItem, {}))?.status !== "active") return;
  const userOf = (id: string) => deps.table.of(PLATFORM).get(userItem, { id });
  const [giver, taker] = await Promise.all([userOf(from_user_id), userOf(to_user_id)]);
  if (giver === undefined || taker === undefined) return;
  const from = giver.name;
  const about = { organization, from, to: `${taker.name} (${taker.email})`, organization_id };
  const asked = event.type === "organization.transfer_asked";
  if (asked) await mailTo(deps, taker, askedMail, { organization, from, organization_id, app_url: deps.app_url });
  const told = asked ? aboutToChangeMail : changedHandsMail;
  // Whoever hands it over may be no owner any more.
  if (giver.status === "active") await mailTo(deps, giver, told, about);
  await mailOwners(deps, tenant, told, about, asked ? [from_user_id, to_user_id] : [from_user_id]);
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
