import type { Envelope } from "../../../shared/change/events.ts";
import { PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";
import type { MailDeps } from "../../../shared/mail/send.ts";
import { deviceOf } from "../sessions/device.ts";
import { sessionsOf } from "../sessions/store.ts";

interface Notice {
  readonly subject: string;
  readonly lines: readonly string[];
}
type Told = (user: User, event: Envelope, deps: MailDeps) => Notice | undefined | Promise<Notice | undefined>;

const notice = (subject: string, ...lines: string[]): Notice => ({ subject, lines });

/** What the owner of an account learns by mail, so that whatever somebody else did with it does not stay unseen. */
const NOTICES: Readonly<Record<string, Told | undefined>> = {
  "mfa.enabled": () =>
    notice(
      "A second factor was turned on",
      "A second factor was turned on for your Kaizen Studio account. Other sessions have ended.",
    ),
  "mfa.disabled": () =>
    notice(
      "The second factor was turned off",
      "The second factor of your Kaizen Studio account was turned off. Other sessions have ended.",
    ),
  "mfa.reset": () =>
    notice(
      "Your second factor was reset",
      "An administrator of your organization has turned off the second factor of your Kaizen Studio account.",
      "All sessions have ended.",
    ),
  "mfa.recovery_code_used": () =>
    notice(
      "A recovery code was used",
      "A recovery code of your Kaizen Studio account took the place of your authenticator app.",
    ),
  "session.new_device": async (user, { data }, { table }) => {
    const session = (await sessionsOf(table, user)).find(({ id }) => id === data.session_id);
    if (session === undefined) return undefined;
    return notice(
      "A sign-in from a new device",
      "Somebody signed in to your Kaizen Studio account from a device that it did not know.",
      "",
      `Device: ${await deviceOf(session.user_agent)}`,
      `Address: ${session.ip}`,
      `Time: ${session.created_at}`,
    );
  },
  "session.revoked": (_, { data }) =>
    data.reason === "signed_out_by_administrator"
      ? notice("You were signed out", "An administrator of your organization has ended all your sessions.")
      : undefined,
};

/** Sends what an event has to tell the person whom it is about. */
export async function sendNotice(event: Envelope, deps: MailDeps): Promise<void> {
  const told = NOTICES[event.type];
  if (told === undefined) return;
  const user = await deps.table.of(PLATFORM).get(userItem, { id: String(event.data.user_id) });
  const mail = user && (await told(user, event, deps));
  if (user === undefined || mail === undefined) return;
  await deps.send({
    to: user.email,
    subject: mail.subject,
    lines: [
      ...mail.lines,
      "",
      `If it was not you, reset your password at ${deps.app_url}, which ends every session, and ask your administrator.`,
    ],
  });
}
