import type { Envelope } from "../../../shared/change/events.ts";
import { organizationItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { mailOwners } from "../../../shared/mail/owners.ts";
import type { MailDeps } from "../../../shared/mail/send.ts";
import { enforcedMail, enforcementEndedMail, glassBrokenMail } from "./mails.ts";

/** What the owners are told, and where the event names whom it is about. */
const NOTICES = {
  "session.break_glass_used": { mail: glassBrokenMail, about: "user_id" },
  "sso.enforced": { mail: enforcedMail, about: "break_glass_user_id" },
  "sso.enforcement_ended": { mail: enforcementEndedMail, about: "break_glass_user_id" },
} as const;

const isTold = (type: string): type is keyof typeof NOTICES => Object.hasOwn(NOTICES, type);

/** Mails every owner but whoever did it. A second delivery sends the same mails again. */
export async function sendNotice(event: Envelope, deps: Pick<MailDeps, "table" | "send">): Promise<void> {
  if (!isTold(event.type)) return;
  const { mail, about } = NOTICES[event.type];
  const tenant = deps.table.of(event.organization_id);
  const organization = await tenant.get(organizationItem, {});
  const owner = await deps.table.of(PLATFORM).get(userItem, { id: String(event.data[about]) });
  if (organization === undefined || owner === undefined) return;
  const facts = { organization: organization.name, owner: `${owner.name} (${owner.email})`, at: event.occurred_at };
  await mailOwners(deps, tenant, mail, facts, [event.actor.id]);
}
