import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { signInMethodSchema } from "../../shared/identity/settings.ts";

const user = z.object({ user_id: z.string() });

/** Why sessions were ended by something else than their own sign-out. */
const revocationReason = z.enum([
  "password_changed",
  "password_reset",
  "limit",
  "signed_out_elsewhere",
  "mfa_changed",
  "signed_out_by_administrator",
  "identity_unlinked",
]);
export type RevocationReason = z.output<typeof revocationReason>;
const session = user.extend({ session_id: z.string() });

export const authEvents = defineEvents({
  "registration.requested": {
    summary: "Somebody wants to register. A mail goes to the address.",
    resource: "registration",
    data: z.object({ registration_id: z.string() }),
  },
  "user.registered": { summary: "A person registered: the e-mail is proved.", resource: "user", data: user },
  "user.password_changed": {
    summary: "A user changed the password; other sessions have ended.",
    resource: "user",
    data: user,
  },
  "user.password_reset_requested": {
    summary: "Somebody asked to reset a password. The mail goes out if the address has an account.",
    resource: "password_reset",
    data: z.object({ password_reset_id: z.string() }),
  },
  "user.password_reset": {
    summary: "A password was reset by mail; all sessions have ended.",
    resource: "user",
    data: user,
  },
  "user.email_change_requested": {
    summary: "A user wants another e-mail. A mail goes to the new address.",
    resource: "user",
    data: user.extend({ email_change_id: z.string() }),
  },
  "user.email_changed": {
    summary: "A user's e-mail is another one: the new address is proved. A notice goes to the old one.",
    resource: "user",
    data: user.extend({ email_change_id: z.string() }),
  },
  "user.default_organization_changed": {
    summary: "A user chose another default organization.",
    resource: "user",
    data: user.extend({ organization_id: z.string() }),
  },
  "session.signed_in": {
    summary: "A user signed in; the audit trail says how.",
    resource: "session",
    data: session.extend({ method: signInMethodSchema }),
  },
  "session.new_device": {
    summary: "A user signed in from a device that the account did not know.",
    resource: "session",
    data: session,
  },
  "session.challenged": {
    summary: "A password was right; the sign-in waits for the second factor.",
    resource: "user",
    data: user,
  },
  "mfa.enabled": {
    summary: "A user turned a second factor on; other sessions have ended.",
    resource: "user",
    data: user,
  },
  "mfa.disabled": {
    summary: "A user turned the second factor off; other sessions have ended.",
    resource: "user",
    data: user,
  },
  "mfa.reset": {
    summary: "An administrator turned a member's second factor off; all the member's sessions have ended.",
    resource: "user",
    data: user,
  },
  "mfa.recovery_codes_renewed": {
    summary: "A user made new recovery codes; the old ones work no more.",
    resource: "user",
    data: user,
  },
  "mfa.recovery_code_used": {
    summary: "A recovery code took the place of the authenticator app.",
    resource: "user",
    data: user.extend({ left: z.int() }),
  },
  "session.sign_in_failed": {
    summary: "A sign-in was refused.",
    resource: "account",
    outcome: "failed",
    data: z.object({ user_id: z.string().nullable(), reason: z.string() }),
  },
  "session.signed_out": { summary: "A user signed out.", resource: "session", data: session },
  "session.break_glass_used": {
    summary:
      "The one owner who may has signed in with a password while sign-in through a provider is enforced. A mail goes to the other owners.",
    resource: "session",
    data: session,
  },
  "session.proved": {
    summary: "A user proved a factor again in a session, for an operation that needs a fresh proof.",
    resource: "session",
    data: session.extend({ method: z.enum(["password", "totp", "recovery_code"]) }),
  },
  "session.revoked": {
    summary:
      "Sessions of a user were ended: by the user elsewhere, by a new password, or by more sessions than there may be.",
    resource: "user",
    data: user.extend({ session_ids: z.array(z.string()), reason: revocationReason }),
  },
  "session.refresh_reuse_detected": {
    summary: "A refresh token was used twice; the session has ended for whoever holds it.",
    resource: "session",
    outcome: "denied",
    data: session,
  },
});
