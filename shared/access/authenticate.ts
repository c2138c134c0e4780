import type { Table } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import type { RawRequest } from "../http/parse.ts";
import {
  membershipItem,
  organizationItem,
  PLATFORM,
  type Session,
  sessionItem,
  type User,
  userItem,
} from "../identity/items.ts";
import { idPrefixes } from "../ids.ts";
import type { SignedIn } from "./caller.ts";
import type { Grant } from "./permissions.ts";
import { builtInRoles, isBuiltInRole } from "./roles.ts";
import { type TokenVerifier, unauthenticated } from "./token.ts";

const ORGANIZATION_ID = new RegExp(`^${idPrefixes.organization}_[0-9A-HJKMNP-TV-Z]{26}$`);
const REMEMBERED_DEFAULTS = 1_000;

export interface Authentication {
  readonly signedIn: SignedIn;
  /** Why the caller has no live membership in the organization they asked for. */
  readonly refusal: Problem | null;
}

/**
 * Authenticates a request and loads the caller's live rights, strongly consistent: a suspended user, a revoked
 * session, a removed membership is refused on the next request, not when the token expires.
 *
 * One round trip: session, user, organization and membership are read together. Without an `Organization-Id` header
 * the user's default organization is guessed from what this process saw last; a wrong guess costs a second read and
 * never a wrong answer, because the user item decides.
 */
export function createAuthenticator(table: Table, tokens: TokenVerifier) {
  const lastDefault = new Map<string, string>();
  const platform = table.of(PLATFORM);

  return async (request: RawRequest, now: Date): Promise<Authentication> => {
    const credential = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (credential === undefined) throw unauthenticated();
    const claims = await tokens.verify(credential, now);
    const asked = request.headers["organization-id"];
    if (asked !== undefined && !ORGANIZATION_ID.test(asked)) {
      throw new Problem("membership_inactive", "You have no active membership in this organization.");
    }
    const guess = asked ?? lastDefault.get(claims.user_id);
    const identity = [
      platform.read(sessionItem, { origin_jti: claims.origin_jti }),
      platform.read(userItem, { id: claims.user_id }),
    ] as const;
    let organizationId = guess;
    let [readSession, readUser, organization, membership] =
      guess === undefined
        ? await table.batch(identity)
        : await table.batch([...identity, ...rightsOf(table, guess, claims.user_id)]);
    const { session, user } = live(readSession, readUser, claims.user_id, now);
    if (asked === undefined && user.default_organization_id !== guess) {
      organizationId = user.default_organization_id;
      [organization, membership] = await table.batch(rightsOf(table, organizationId, user.id));
    }
    if (asked === undefined) remember(lastDefault, user);
    const principal = { type: "user", id: user.id } as const;
    const base = { principal, user, session };
    if (
      organization === undefined ||
      membership === undefined ||
      membership.status !== "active" ||
      organization.status === "deleted"
    ) {
      const refusal = new Problem("membership_inactive", "You have no active membership in this organization.");
      return { signedIn: { ...base, member: null }, refusal };
    }
    if (organization.status === "suspended") {
      return {
        signedIn: { ...base, member: null },
        refusal: new Problem("organization_suspended", "The organization is suspended."),
      };
    }
    return {
      signedIn: { ...base, member: { organization, membership, grants: grantsOf(membership.role) } },
      refusal: null,
    };
  };
}

const rightsOf = (table: Table, organizationId: string, userId: string) => {
  const tenant = table.of(organizationId);
  return [tenant.read(organizationItem, {}), tenant.read(membershipItem, { user_id: userId })] as const;
};

/** A role that no longer exists grants nothing. */
const grantsOf = (role: string): readonly Grant[] => (isBuiltInRole(role) ? builtInRoles[role].grants : []);

/** The session and its user, if both still count. */
function live(
  session: Session | undefined,
  user: User | undefined,
  userId: string,
  now: Date,
): { session: Session; user: User } {
  if (session === undefined || session.status !== "active" || session.user_id !== userId) throw unauthenticated();
  if (Date.parse(session.expires_at) <= now.getTime()) throw unauthenticated();
  if (user === undefined || user.status !== "active") throw unauthenticated();
  if (session.authenticated_at < user.sessions_valid_from) throw unauthenticated();
  return { session, user };
}

function remember(lastDefault: Map<string, string>, user: User): void {
  if (lastDefault.size >= REMEMBERED_DEFAULTS) lastDefault.delete(lastDefault.keys().next().value ?? "");
  lastDefault.set(user.id, user.default_organization_id);
}
