import type { Problem } from "../errors.ts";
import type { Membership, Organization, Session, User } from "../identity/items.ts";
import type { RuleRole } from "./bundle.ts";
import type { Grant } from "./permissions.ts";
import type { Principal } from "./principal.ts";

/** Who acts in an organization, with live rights in it. Not a person: an API key or a workflow calls the same way. */
export interface Caller {
  readonly principal: Principal;
  /** The active organization; its own record, so that nobody reads it a second time. */
  readonly organization: Organization;
  readonly grants: readonly Grant[];
  /** The role of the organization's own that they come from, where they do. */
  readonly own_role?: RuleRole | undefined;
}

/** A company's directory, by its SCIM token: it holds no grants, and does what the protocol does. */
export interface DirectoryCaller extends Caller {
  readonly principal: Extract<Principal, { readonly type: "scim_token" }>;
  /** The user who made the token. */
  readonly created_by: string;
  /** Built-in roles whose members it may suspend, restore and remove. */
  readonly reach: readonly string[];
}

/** A person who is signed in, whatever organization they may act in. Only `authenticated` operations see one. */
export interface SignedIn {
  readonly principal: Principal;
  readonly user: User;
  readonly session: Session;
  /** What they are in the active organization, when the membership in it is live and its settings let them in; else null. */
  readonly member: (Omit<Caller, "principal"> & { readonly membership: Membership }) | null;
  /** Why there is no member. */
  readonly refusal: Problem | null;
}

/**
 * The person who stands behind a principal: who they are, whose API key it is, for whom a run acts. For rules that nobody may
 * get around by sending a key of their own.
 */
export const personBehind = (principal: Principal): string | undefined =>
  "on_behalf_of" in principal && principal.on_behalf_of?.type === "user"
    ? principal.on_behalf_of.id
    : userIdOf(principal);

/** The user that a principal is; undefined for one that is no person. */
export const userIdOf = (principal: Principal): string | undefined =>
  principal.type === "user" ? principal.id : undefined;
