import type { Read, Table } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import type { RawRequest } from "../http/parse.ts";
import {
  type Membership,
  type Organization,
  PLATFORM,
  type Session,
  sessionItem,
  type User,
  userItem,
} from "../identity/items.ts";
import { idPrefixes } from "../ids.ts";
import type { SignedIn } from "./caller.ts";
import { noMembership, type Rights, rightsFrom, rightsReads } from "./grants.ts";
import type { Principal } from "./principal.ts";
import { type TokenVerifier, unauthenticated } from "./token.ts";

const ORGANIZATION_ID = new RegExp(`^${idPrefixes.organization}_[0-9A-HJKMNP-TV-Z]{26}$`);
const REMEMBERED_DEFAULTS = 1_000;

/** Who sent a request, and what they may do in the active organization at this moment. */
export interface Authentication {
  readonly principal: Principal;
  /** Live rights in the active organization, or the refusal of everything that needs some. */
  readonly rights: Rights | Problem;
  readonly signedIn: SignedIn;
  /** What was read along; undefined where the organization turned out to be another one than was guessed. */
  readonly also: AlsoRead | undefined;
}

export interface AlsoRead {
  readonly tenant: string;
  readonly found: unknown;
}

/** One more item for the batch, where the organization is known before it is read. */
export type Also = (tenant: string, principal: Principal) => Read | undefined;

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

  return async (request: RawRequest, now: Date, also?: Also): Promise<Authentication> => {
    const credential = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (credential === undefined) throw unauthenticated();
    const claims = await tokens.verify(credential, now);
    const asked = request.headers["organization-id"];
    if (asked !== undefined && !ORGANIZATION_ID.test(asked)) throw noMembership();
    const principal = { type: "user", id: claims.user_id } as const;
    const guess = asked ?? lastDefault.get(claims.user_id);
    const identity = [
      platform.read(sessionItem, { origin_jti: claims.origin_jti }),
      platform.read(userItem, { id: claims.user_id }),
    ] as const;
    const reads: readonly Read[] =
      guess === undefined
        ? identity
        : [
            ...identity,
            ...rightsReads(table, guess, claims.user_id),
            ...[also?.(guess, principal)].filter((read) => read !== undefined),
          ];
    const [readSession, readUser, readOrganization, readMembership, found] = (await table.batch(reads)) as [
      Session | undefined,
      User | undefined,
      Organization | undefined,
      Membership | undefined,
      unknown,
    ];
    const { session, user } = live(readSession, readUser, claims.user_id, now);
    const organizationId = asked ?? user.default_organization_id;
    const [organization, membership] =
      organizationId === guess
        ? [readOrganization, readMembership]
        : await table.batch(rightsReads(table, organizationId, user.id));
    if (asked === undefined) remember(lastDefault, user);
    const rights = rightsFrom(principal, organization, membership);
    const member = rights instanceof Problem ? null : { ...rights.caller, membership: rights.membership };
    return {
      principal,
      rights,
      signedIn: { principal, user, session, member },
      also: also === undefined || organizationId !== guess ? undefined : { tenant: organizationId, found },
    };
  };
}

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
