import { type ErrorCode, Problem } from "../errors.ts";
import type { Session } from "../identity/items.ts";
import { platformProviders, providerTitles } from "../identity/platform-providers.ts";
import { type Secured, type SignInMethod, securityOf } from "../identity/settings.ts";
import { isWithin } from "./networks.ts";
import { idleSeconds } from "./seen.ts";

/**
 * What an organization's security settings say of a request that somebody sends who has rights in it. Judged with the
 * rights, on every request, so that a change of the settings bites on the next one. What people do about themselves asks
 * for no rights and goes on: enrolling a second factor, signing in anew, working in another organization.
 */

/** What is judged: where the request comes from, and the sign-in behind it, if there is one. */
export interface Presence {
  readonly ip: string;
  readonly session:
    | Pick<
        Session,
        | "user_id"
        | "method"
        | "connection_organization_id"
        | "second_factor"
        | "created_at"
        | "last_seen_at"
        | "longest_idle_seconds"
      >
    | undefined;
}

/** Refusals of {@link refusalAtTheDoor}. */
export const doorCodes = [
  "address_not_allowed",
  "sign_in_method_not_allowed",
  "session_too_old",
  "session_idle",
  "mfa_enrolment_required",
] as const;

/** The platform-wide provider that a method is; undefined for the other methods. */
const platformWide = (method: SignInMethod) => platformProviders.find((provider) => provider === method);

/** Whether an organization takes a way of signing in, whoever it is: it is allowed, and shows the factors that are asked for. */
export function takesMethod(organization: Omit<Secured, "id">, method: SignInMethod): boolean {
  const { sign_in_methods, require_mfa } = securityOf(organization);
  return sign_in_methods.includes(method) && !(require_mfa && platformWide(method) !== undefined);
}

/** Why the settings refuse such a request; undefined when they do not. */
export function refusalAtTheDoor(organization: Secured, { ip, session }: Presence, at: Date): Problem | undefined {
  const security = securityOf(organization);
  const { allowed_addresses, sign_in_methods, session_lifetime_hours, idle_timeout_minutes, require_mfa } = security;
  if (allowed_addresses.length > 0 && !isWithin(ip, allowed_addresses))
    return new Problem("address_not_allowed", `This organization takes no requests from ${ip}.`);
  if (session === undefined) return undefined;
  const breaks_glass = session.method === "password" && session.user_id === organization.break_glass_user_id;
  if (!sign_in_methods.includes(session.method) && !breaks_glass)
    return new Problem(
      "sign_in_method_not_allowed",
      `You have signed in by ${session.method}; this organization takes ${sign_in_methods.join(", ")}.`,
      { members: { methods: sign_in_methods } },
    );
  // Whoever runs another organization says who comes through its provider: that is no more than a password.
  const ours = session.connection_organization_id === organization.id;
  if (session.method === "sso" && !ours && (require_mfa || !sign_in_methods.includes("password")))
    return new Problem(
      "sign_in_method_not_allowed",
      "You have signed in through another organization's provider. Sign in through this one's, or with a password and a second factor where it takes passwords.",
      { members: { methods: sign_in_methods } },
    );
  // What factors a provider asks for that is everybody's, nobody here decides.
  const everybodys = platformWide(session.method);
  if (everybodys !== undefined && !takesMethod(organization, session.method))
    return new Problem(
      "sign_in_method_not_allowed",
      `This organization asks for a second factor, and ${providerTitles[everybodys]} does not say whether it has seen one. Sign in with a password and a second factor, or through the organization's provider.`,
      { members: { methods: sign_in_methods.filter((method) => takesMethod(organization, method)) } },
    );
  if (at.getTime() - Date.parse(session.created_at) > session_lifetime_hours * 3_600_000)
    return new Problem(
      "session_too_old",
      `This organization takes a sign-in for ${session_lifetime_hours} hours. Sign in again.`,
      { members: { session_lifetime_hours } },
    );
  if (idle_timeout_minutes !== null && idleSeconds(session, at) > idle_timeout_minutes * 60)
    return new Problem(
      "session_idle",
      `This organization takes a session until it was idle for ${idle_timeout_minutes} minutes. Prove who you are with \`POST /auth/step-up\`, or sign in again.`,
      { members: { idle_timeout_minutes } },
    );
  // A sign-in provider asks for the factors that its organization wants.
  if ((require_mfa || breaks_glass) && session.method === "password" && !session.second_factor)
    return new Problem("mfa_enrolment_required", "This organization asks for a second factor. Turn one on first.");
  return undefined;
}

/**
 * Why the settings refuse somebody who comes by a link in a mail and has not signed in: it shows that they read the mailbox,
 * which is less than a password. Undefined where that is enough.
 */
export function refusalWithoutSignIn(organization: Secured, ip: string, at: Date): Problem | undefined {
  const { sign_in_methods, require_mfa } = securityOf(organization);
  const atTheDoor = refusalAtTheDoor(organization, { ip, session: undefined }, at);
  if (atTheDoor !== undefined || (sign_in_methods.includes("password") && !require_mfa)) return atTheDoor;
  return new Problem(
    "sign_in_required",
    `This organization asks for ${require_mfa ? "a second factor" : "a sign-in through its provider"}, and a link shows none. Sign in, and do it there.`,
  );
}

/** Refusals that a new sign-in of the same person would meet again, each with what to do before. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  address_not_allowed: "Add the network that you come from.",
  sign_in_method_not_allowed: "Sign in by a method that stays allowed, and try again.",
  mfa_enrolment_required: "Turn your own second factor on, and try again.",
};

/**
 * Nobody shuts the door behind themselves: what an administrator asks of the others they have done before.
 * @param refusal what the changed door says of the very request that changes it
 * @throws Problem `conflict` (409)
 */
export function requireStayingIn(refusal: Problem | undefined): void {
  const remedy = refusal === undefined ? undefined : REMEDIES[refusal.code];
  if (refusal === undefined || remedy === undefined) return;
  throw new Problem("conflict", `This would lock you out yourself. ${refusal.detail} ${remedy}`, {
    members: { refusal: refusal.code },
  });
}
