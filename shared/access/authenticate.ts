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
 * The session is found by what the token says and nothing else: the pool's name of the account and the family of
 * tokens. It is self-sufficient: whatever cuts a user off ends all of the user's sessions in the same transaction.
 *
 * One round trip: session, user, organization and membership are read together. Who the user is is guessed from the
 * user name at the pool, and without an `Organization-Id` header the default organization from what this process saw
 * last; a wrong guess costs a second read and never a wrong answer, because the session decides.
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
    const { sub, origin_jti, username } = claims;
    const guess = asked ?? lastDefault.get(sub);
    const identity = [
      platform.read(sessionItem, { sub, origin_jti }),
      platform.read(userItem, { id: username }),
    ] as const;
    const reads: readonly Read[] =
      guess === undefined
        ? identity
        : [
            ...identity,
            ...rightsReads(table, guess, username),
            ...[also?.(guess, { type: "user", id: username })].filter((read) => read !== undefined),
          ];
    const [readSession, readUser, readOrganization, readMembership, found] = (await table.batch(reads)) as [
      Session | undefined,
      User | undefined,
      Organization | undefined,
      Membership | undefined,
      unknown,
    ];
    const session = live(readSession, now);
    const principal = { type: "user", id: session.user_id } as const;
    const organizationId = asked ?? session.default_organization_id;
    const guessed = session.user_id === username && organizationId === guess;
    const user = session.user_id === username ? readUser : await platform.get(userItem, { id: session.user_id });
    if (user === undefined) throw new Error(`session ${session.id} is of nobody`);
    const [organization, membership] = guessed
      ? [readOrganization, readMembership]
      : await table.batch(rightsReads(table, organizationId, session.user_id));
    if (asked === undefined) remember(lastDefault, session);
    const rights = rightsFrom(principal, organization, membership);
    const member = rights instanceof Problem ? null : { ...rights.caller, membership: rights.membership };
    return {
      principal,
      rights,
      signedIn: { principal, user, session, member },
      also: also === undefined || !guessed ? undefined : { tenant: organizationId, found },
    };
  };
}

/** The session, if it still counts. */
function live(session: Session | undefined, now: Date): Session {
  if (session?.status !== "active" || Date.parse(session.expires_at) <= now.getTime()) throw unauthenticated();
  return session;
}

function remember(lastDefault: Map<string, string>, session: Session): void {
  if (lastDefault.size >= REMEMBERED_DEFAULTS) lastDefault.delete(lastDefault.keys().next().value ?? "");
  lastDefault.set(session.sub, session.default_organization_id);
}
