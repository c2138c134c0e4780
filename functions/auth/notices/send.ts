import type { Envelope } from "../../../shared/change/events.ts";
import { placeName } from "../../../shared/http/place.ts";
import { PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";
import { type MailDeps, mailTo } from "../../../shared/mail/send.ts";
import { deviceOf } from "../sessions/device.ts";
import { sessionsOf } from "../sessions/store.ts";
import { factorOff, factorOn, factorReset, newDevice, recoveryCodeUsed, signedOut } from "./mails.ts";

type Told = (user: User, event: Envelope, deps: MailDeps) => Promise<void>;

/** What the owner of an account learns by mail, so that whatever somebody else did with it does not stay unseen. */
const NOTICES: Readonly<Record<string, Told | undefined>> = {
  "mfa.enabled": (user, _, deps) => mailTo(deps, user, factorOn, deps),
  "mfa.disabled": (user, _, deps) => mailTo(deps, user, factorOff, deps),
  "mfa.reset": (user, _, deps) => mailTo(deps, user, factorReset, deps),
  "mfa.recovery_code_used": (user, _, deps) => mailTo(deps, user, recoveryCodeUsed, deps),
  "session.new_device": async (user, { data, occurred_at }, deps) => {
    // Told even if the session has ended by now: somebody has signed in.
    const session = (await sessionsOf(deps.table, user)).find(({ id }) => id === data.session_id);
    const from = session && {
      device: await deviceOf(session.user_agent),
      ip: session.ip,
      place: session.place && placeName(session.place),
    };
    await mailTo(deps, user, newDevice, { ...deps, from, at: occurred_at });
  },
  "session.revoked": async (user, { data }, deps) => {
    if (data.reason === "signed_out_by_administrator") await mailTo(deps, user, signedOut, deps);
  },
};

/** Sends what an event has to tell the person whom it is about. */
export async function sendNotice(event: Envelope, deps: MailDeps): Promise<void> {
  const told = NOTICES[event.type];
  if (told === undefined) return;
  const user = await deps.table.of(PLATFORM).get(userItem, { id: String(event.data.user_id) });
  if (user !== undefined) await told(user, event, deps);
}
