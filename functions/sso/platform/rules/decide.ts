import { ACCOUNTS_PER_USER, type User } from "../../../../shared/identity/items.ts";
import type { Refusal } from "../../model.ts";

/** What is known when somebody comes back from a provider that is everybody's. */
export interface Facts {
  readonly profile: {
    readonly email: string | null;
    /** Whether the address shows who they are (`proof.ts`). */
    readonly email_verified: boolean;
  };
  /** The user whose sign-in this is known to be. */
  readonly known: Pick<User, "status"> | undefined;
  /** The user who has this address. */
  readonly by_email: Pick<User, "status" | "subs" | "mfa_enabled_at"> | undefined;
  /** The organization that somebody who is new would join; undefined where there is none. */
  readonly organization: Organization | undefined;
}

interface Organization {
  /** Whether it takes people who sign in like this. */
  readonly takes_method: boolean;
  /** The role of an open invitation to the address. */
  readonly invited_role: string | undefined;
  /** The role of those whom the address's domain lets in by itself; null where it lets in nobody. */
  readonly auto_join_role: string | null;
}

/** How somebody who is new becomes a member. */
export interface Joins {
  readonly via: "invitation" | "domain";
  readonly role: string;
}

export type Decision =
  /** A user whom the sign-in is known to be, or who is linked with it now. */
  | { readonly kind: "user"; readonly link: boolean }
  /** Nobody has the address: a new user. */
  | { readonly kind: "new"; readonly join: Joins }
  | { readonly kind: "refused"; readonly reason: Refusal };

const refused = (reason: Refusal): Decision => ({ kind: "refused", reason });

/** Why nobody comes in with this who is not known by it already; undefined where it depends on who it is. */
export function shutOut({ email, email_verified }: Facts["profile"]): Refusal | undefined {
  if (email === null) return "no_email";
  return email_verified ? undefined : "address_not_proved";
}

/**
 * Decides who somebody is whom a provider has sent that is everybody's, in this order: a known identity, an account with
 * the address, an invitation, a domain that lets people in; else nobody. Nobody is found, linked or let in by an address
 * that does not show whose it is. A second factor that somebody has turned on is not got around by their mail: such an
 * account is linked by its user only.
 */
export function decide({ profile, known, by_email, organization }: Facts): Decision {
  if (known !== undefined)
    return known.status === "active" ? { kind: "user", link: false } : refused("account_inactive");
  const reason = shutOut(profile);
  if (reason !== undefined) return refused(reason);
  if (by_email !== undefined) {
    if (by_email.status !== "active") return refused("account_inactive");
    if (by_email.mfa_enabled_at !== undefined) return refused("second_factor");
    return by_email.subs.length >= ACCOUNTS_PER_USER ? refused("too_many_accounts") : { kind: "user", link: true };
  }
  const join = organization && joins(organization);
  if (organization === undefined || join === undefined) return refused("nobody_known");
  return organization.takes_method ? { kind: "new", join } : refused("method_not_taken");
}

function joins({ invited_role, auto_join_role }: Organization): Joins | undefined {
  if (invited_role !== undefined) return { via: "invitation", role: invited_role };
  return auto_join_role === null ? undefined : { via: "domain", role: auto_join_role };
}
