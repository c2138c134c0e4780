import type { Envelope } from "../../../shared/change/events.ts";
import { organizationItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { ownersOf } from "../../../shared/identity/owners.ts";
import type { MailDeps } from "../../../shared/mail/send.ts";

type NoticeDeps = Pick<MailDeps, "table" | "send">;

/** What the owners learn, by the type of the event: who it is about stands in the event under this name. */
const NOTICES: Readonly<
  Record<
    string,
    | { readonly about: string; readonly subject: string; readonly line: (who: string, where: string) => string }
    | undefined
  >
> = {
  "session.break_glass_used": {
    about: "user_id",
    subject: "A sign-in with a password",
    line: (who, where) =>
      `${who} has signed in with a password. In ${where}, where sign-in through a provider is enforced, they alone can.`,
  },
  "sso.enforced": {
    about: "break_glass_user_id",
    subject: "Sign-in through a provider is enforced",
    line: (who, where) =>
      `Members of ${where} sign in through its provider only. ${who} alone still may with a password.`,
  },
  "sso.enforcement_ended": {
    about: "break_glass_user_id",
    subject: "Sign-in through a provider is not enforced any more",
    line: (_, where) => `Members of ${where} may sign in with passwords again.`,
  },
};

/** Mails every owner but whoever did it. A second delivery sends the same mails again. */
export async function sendNotice(event: Envelope, { table, send }: NoticeDeps): Promise<void> {
  const notice = NOTICES[event.type];
  if (notice === undefined) return;
  const tenant = table.of(event.organization_id);
  const userOf = (id: string) => table.of(PLATFORM).get(userItem, { id });
  const organization = await tenant.get(organizationItem, {});
  const who = await userOf(String(event.data[notice.about]));
  if (organization === undefined || who === undefined) return;
  for await (const id of ownersOf(tenant)) {
    if (id === event.actor.id) continue;
    const owner = await userOf(id);
    if (owner?.status !== "active") continue;
    await send({
      to: owner.email,
      subject: `${notice.subject} (${organization.name})`,
      lines: [
        notice.line(`${who.name} (${who.email})`, organization.name),
        "",
        `Time: ${event.occurred_at}`,
        "",
        "If that should not have happened, look into the audit trail of your organization.",
      ],
    });
  }
}
