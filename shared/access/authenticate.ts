import type { Read, Table } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import type { RawRequest } from "../http/parse.ts";
import { connectionPlaceItem, PLATFORM, type Session, sessionItem, type User, userItem } from "../identity/items.ts";
import { idPrefixes } from "../ids.ts";
import type { SignedIn } from "./caller.ts";
import { type Presence, refusalAtTheDoor } from "./doors.ts";
import { type MemberRights, memberRights, noMembership, type Rights, rightsReads } from "./grants.ts";
import { type KeyAuthenticator, presentedKey } from "./keys/authenticate.ts";
import type { ApiKey } from "./keys/items.ts";
import { accessRights } from "./operator-access.ts";
import { type Operator, operatorItem } from "./operators.ts";
import type { Principal } from "./principal.ts";
import { see, seeMember } from "./seen.ts";
import type { TokenVerifier } from "./token.ts";
import { unauthenticated } from "./unauthenticated.ts";

const ORGANIZATION_ID = new RegExp(`^${idPrefixes.organization}_[0-9A-HJKMNP-TV-Z]{26}$`);
const REMEMBERED_ACCOUNTS = 1_000;

/** Whose an account of the pool was, and where they worked, when this process saw it last. */
interface LastSeen {
  readonly user_id: string;
  readonly default_organization_id: string;
  readonly connection_id: string | undefined;
}

/** Who sent a request, and what they may do in the active organization at this moment. */
export interface Authentication {
  readonly principal: Principal;
  /** The sign-in that the credential belongs to; undefined for one that belongs to none. */
  readonly session: Session | undefined;
  /** Live rights in the active organization, or the refusal of everything that needs some. */
  readonly rights: Rights | Problem;
  /** The person, where one was asked for. */
  readonly signedIn: SignedIn | undefined;
  /** The proof that they are an operator, where it was asked for and there is one. */
  readonly operator: Operator | undefined;
  /** What was read along; undefined where the organization turned out to be another one than was guessed. */
  readonly also: AlsoRead | undefined;
  /** Requests a minute of this credential, where it has a limit of its own. */
  readonly rate_limit?: number;
}

export interface AlsoRead {
  readonly tenant: string;
  readonly found: unknown;
}

/** One more item for the batch, where the organization is known before it is read. */
export type Also = (tenant: string, principal: Principal) => Read | undefined;

export interface Wanted {
  readonly also?: Also | undefined;
  /** The person's own record too: for what somebody does about themselves. Nothing else sees a user. */
  readonly person?: boolean;
  /** Whether they are an operator of the platform. */
  readonly operator?: boolean;
}

/**
 * Authenticates a request and loads the caller's live rights, strongly consistent: a suspended user, a revoked
 * session, a removed membership is refused on the next request, not when the token expires.
 *
 * The session is found by what the token says and nothing else: the pool's name of the account and the family of
 * tokens. It is self-sufficient: whatever cuts a user off ends all of the user's sessions in the same transaction.
 *
 * One round trip: session, organization and membership are read together. Who the user is and, without an
 * `Organization-Id` header, the default organization are guessed from what this process saw last of the account; the
 * first time the user is guessed from the name at the pool, which is theirs for accounts with a password. A wrong guess
 * costs a second read and never a wrong answer, because the session decides.
 *
 * A request with an API key is the matter of `keys`, whose rights are its own.
 *
 * A session that came through a provider ends with the connection, on the next request too: one item more is read for it.
 */
export function createAuthenticator(table: Table, tokens: TokenVerifier, keys: KeyAuthenticator = noKeys) {
  const lastSeen = new Map<string, LastSeen>();
  const platform = table.of(PLATFORM);

  const placeOf = (connection_id: string) => platform.read(connectionPlaceItem, { connection_id });

  /** Refuses a session whose connection was deleted; `read` is the place of the one that was guessed. */
  async function requireConnection({ connection_id }: Session, guessed: string | undefined, read: unknown) {
    if (connection_id === undefined) return;
    const place = connection_id === guessed ? read : await platform.get(connectionPlaceItem, { connection_id });
    if (place === undefined) throw unauthenticated();
  }

  /** Whose session it is; `guessed` is the user of the name at the pool. */
  async function personOf(session: Session, guessed: User | undefined): Promise<User> {
    const user = guessed?.id === session.user_id ? guessed : await platform.get(userItem, { id: session.user_id });
    if (user === undefined) throw new Error(`session ${session.id} is of nobody`);
    return user;
  }

  return async (request: RawRequest, now: Date, wanted: Wanted = {}): Promise<Authentication> => {
    const { also, person = false, operator = false } = wanted;
    const key = presentedKey(request);
    if (key !== undefined) return keys(key, request, now, also);
    const { authorization = "" } = request.headers;
    if (!/^Bearer [^ ]/i.test(authorization)) throw unauthenticated();
    const claims = await tokens.verify(authorization.slice("Bearer ".length), now);
    const asked = request.headers["organization-id"];
    if (asked !== undefined && !ORGANIZATION_ID.test(asked)) throw noMembership();
    const { sub, origin_jti, client_id, username } = claims;
    const last = lastSeen.get(sub);
    const guess = asked ?? last?.default_organization_id;
    const somebody = last?.user_id ?? username;
    const [organizationRead, membershipRead] = guess === undefined ? [] : rightsReads(table, guess, somebody);
    const read = await table.batchOf({
      session: platform.read(sessionItem, { sub, origin_jti }),
      organization: organizationRead,
      membership: membershipRead,
      also: guess === undefined ? undefined : also?.(guess, { type: "user", id: somebody }),
      place: last?.connection_id === undefined ? undefined : placeOf(last.connection_id),
      operator: operator ? platform.read(operatorItem, { user_id: somebody }) : undefined,
      user: person ? platform.read(userItem, { id: somebody }) : undefined,
    });
    const session = live(read.session, client_id, now);
    await requireConnection(session, last?.connection_id, read.place);
    await see(platform, session, now);
    const principal = { type: "user", id: session.user_id } as const;
    const organizationId = asked ?? session.default_organization_id;
    const guessed = session.user_id === somebody && organizationId === guess;
    const [organization, membership] = guessed
      ? [read.organization, read.membership]
      : await table.batch(rightsReads(table, organizationId, session.user_id));
    remember(lastSeen, session);
    const own = admitted(
      await memberRights(table, principal, organization, membership),
      { ip: request.ip, session },
      now,
    );
    if (!(own instanceof Problem)) await seeMember(table.of(organizationId), own.membership, now);
    // Whoever is no member and names the organization may come as an operator with an access: its doors are not theirs.
    const comes = asked !== undefined && membership?.status !== "active" && !person && !operator;
    const rights = (comes ? await accessRights(table, session, organization, now) : undefined) ?? own;
    const standing =
      own instanceof Problem
        ? { member: null, refusal: own }
        : { member: { ...own.caller, membership: own.membership }, refusal: null };
    const isOperator =
      !operator || session.user_id === somebody
        ? read.operator
        : await platform.get(operatorItem, { user_id: session.user_id });
    // What operators do as such stands under that name in every trail.
    const acting: Principal = isOperator === undefined ? principal : { type: "operator", id: session.user_id };
    return {
      principal,
      session,
      rights,
      signedIn: person
        ? { principal: acting, user: await personOf(session, read.user), session, ...standing }
        : undefined,
      operator: isOperator,
      also: also === undefined || !guessed ? undefined : { tenant: organizationId, found: read.also },
    };
  };
}

/** Where no keys are taken. */
const noKeys: KeyAuthenticator = async () => {
  throw unauthenticated();
};

/** Rights, unless the organization's security settings refuse who comes with them. */
function admitted(rights: MemberRights | Problem, presence: Presence, now: Date): MemberRights | Problem {
  if (rights instanceof Problem) return rights;
  return refusalAtTheDoor(rights.caller.organization, presence, now) ?? rights;
}

/** The session, if it still counts and the token was given to the client by which it was opened. */
function live(session: Session | undefined, client_id: string, now: Date): Session {
  if (
    session?.status !== "active" ||
    session.client_id !== client_id ||
    Date.parse(session.expires_at) <= now.getTime()
  )
    throw unauthenticated();
  return session;
}

function remember(lastSeen: Map<string, LastSeen>, session: Session): void {
  const { sub, user_id, default_organization_id, connection_id } = session;
  if (lastSeen.size >= REMEMBERED_ACCOUNTS) lastSeen.delete(lastSeen.keys().next().value ?? "");
  lastSeen.set(sub, { user_id, default_organization_id, connection_id });
}

/** The API key that a request is let in with. */
export const keyOf = (who: Authentication | Problem | null): ApiKey | undefined =>
  who === null || who instanceof Problem || who.rights instanceof Problem || who.rights.by !== "api_key"
    ? undefined
    : who.rights.key;
