import { ACCOUNTS_PER_USER, type Membership, type User } from "../../../../shared/identity/items.ts";
import { domainOf } from "../../../../shared/mail/address.ts";
import type { Refusal } from "../../model.ts";

/** What is known when somebody comes back from a provider. */
export interface Facts {
  readonly connection: {
    readonly status: string;
    readonly allowed_domains: readonly string[];
    readonly default_role: string;
    readonly provisioning: boolean;
    readonly email_trust: "claim" | "provider";
  };
  readonly profile: { readonly email: string | null; readonly email_verified: boolean };
  /** Whether the connection's organization is the one that has proved the address's domain. */
  readonly domain_proved: boolean;
  /** The role of those whom that domain lets in by itself; null where it lets in nobody. */
  readonly auto_join_role: string | null;
  /** The user whose sign-in this is known to be, and what had made it known: their address, or they themselves. */
  readonly known: (Pick<User, "id" | "status"> & { readonly linked_by: "email" | "user" }) | undefined;
  /** The user who has this address. */
  readonly by_email: Pick<User, "id" | "status" | "subs"> | undefined;
  /** What the one or the other is in the connection's organization. */
  readonly membership: Pick<Membership, "role" | "status"> | undefined;
  /** The role of an open invitation to this address. */
  readonly invited_role: string | undefined;
}

/** How somebody who is no member becomes one. */
export interface Joins {
  readonly via: "invitation" | "domain" | "sso";
  readonly role: string;
}

export type Decision =
  /** A user whom the sign-in is known to be, or who is linked with it now; with how they join where they are no member. */
  | { readonly kind: "user"; readonly link: boolean; readonly join: Joins | null }
  /** Nobody has the address: a new user. */
  | { readonly kind: "new"; readonly join: Joins }
  | { readonly kind: "refused"; readonly reason: Refusal };

const refused = (reason: Refusal): Decision => ({ kind: "refused", reason });

/**
 * Decides who somebody is that a provider has sent, in this order: a known identity, an invitation, a domain that lets
 * people in, a connection that makes them members; else nobody.
 *
 * An address says who somebody is only where it is verified and its domain is one that the connection's own organization
 * has proved. Whatever a provider claims of other domains, nobody's account is opened by it, linked to it, or made under it.
 */
export function decide(facts: Facts): Decision {
  const { known, by_email, membership } = facts;
  const reason = shutOut(facts);
  if (reason !== undefined) return refused(reason);
  if (known !== undefined) return known.status === "active" ? asMember(facts, false) : refused("account_inactive");
  if (by_email === undefined) {
    const join = joins(facts);
    return join === null ? refused("not_invited") : { kind: "new", join };
  }
  if (by_email.status !== "active" || membership?.status === "suspended") return refused("account_inactive");
  const linked = asMember(facts, true);
  const full = linked.kind === "user" && by_email.subs.length >= ACCOUNTS_PER_USER;
  return full ? refused("too_many_accounts") : linked;
}

/** What is known before anything is read of the person themselves. */
export type Outside = Pick<Facts, "connection" | "profile" | "domain_proved"> & {
  readonly known: Pick<NonNullable<Facts["known"]>, "linked_by"> | undefined;
};

/** Why nobody comes in with this, whoever they are; undefined where it depends on that. */
export function shutOut(facts: Outside): Refusal | undefined {
  const { connection, profile, known } = facts;
  if (connection.status !== "active") return "connection_inactive";
  const outside =
    connection.allowed_domains.length > 0 &&
    (profile.email === null || !connection.allowed_domains.includes(domainOf(profile.email)));
  if (outside) return profile.email === null ? "no_email" : "domain_not_allowed";
  if (known === undefined) return distrust(facts);
  // What an address has opened stays open only as long as its domain is the organization's.
  return known.linked_by === "email" && !facts.domain_proved ? "domain_not_proved" : undefined;
}

/** Why the address proves nothing; undefined where it does. */
function distrust({ connection, profile, domain_proved }: Outside): Refusal | undefined {
  if (profile.email === null) return "no_email";
  if (!domain_proved) return "domain_not_proved";
  return profile.email_verified || connection.email_trust === "provider" ? undefined : "email_not_verified";
}

/** A user signs in, and joins where they may. */
function asMember(facts: Facts, link: boolean): Decision {
  const { membership } = facts;
  if (membership?.status === "active") return { kind: "user", link, join: null };
  if (membership?.status === "suspended") return refused("account_inactive");
  // An address that does not prove anything invites nobody, however well the person is known.
  const join = distrust(facts) === undefined ? joins(facts) : null;
  return join === null ? refused("not_invited") : { kind: "user", link, join };
}

/** How somebody becomes a member. Whom an administrator has removed comes back by invitation only. */
export function joins({
  invited_role,
  auto_join_role,
  membership,
  connection,
}: Pick<Facts, "invited_role" | "auto_join_role" | "membership"> & {
  readonly connection: Pick<Facts["connection"], "provisioning" | "default_role">;
}): Joins | null {
  if (invited_role !== undefined) return { via: "invitation", role: invited_role };
  if (membership?.status === "removed") return null;
  if (auto_join_role !== null) return { via: "domain", role: auto_join_role };
  return connection.provisioning ? { via: "sso", role: connection.default_role } : null;
}
