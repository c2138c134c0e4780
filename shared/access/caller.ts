import type { Membership, Organization, Session, User } from "../identity/items.ts";
import type { Grant, Permission } from "./permissions.ts";
import type { Principal } from "./principal.ts";

/** Somebody signed in, whatever organization they may act in. */
export interface SignedIn {
  readonly principal: Principal;
  readonly user: User;
  readonly session: Session;
  /** The active organization, when the membership in it is live; else null with the reason. */
  readonly member: Membered | null;
}

interface Membered {
  readonly organization: Organization;
  readonly membership: Membership;
  readonly grants: readonly Grant[];
}

/** Somebody who acts in an organization, with live rights in it. */
export interface Member extends SignedIn, Membered {
  readonly member: Membered;
}

/** Whether these grants let a request pass, as a question handlers may ask about further permissions. */
export type May = (permission: Permission) => boolean;
