import type { EventDraft } from "../../../shared/change/events.ts";
import { draft } from "../../../shared/change/events.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { alreadyExists, Problem } from "../../../shared/errors.ts";
import {
  emailItem,
  PLATFORM,
  poolAccountItem,
  sessionItem,
  type User,
  userItem,
} from "../../../shared/identity/items.ts";
import { newUser } from "../../../shared/identity/new-user.ts";
import { newId } from "../../../shared/ids.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import type { Tokens } from "../model.ts";
import { type Arrival, newSession, signedIn } from "../sessions/open.ts";
import { knownFromNow } from "../throttle/admit.ts";

/** A person with a proved address who has no account yet. */
export interface NewPerson {
  readonly email: string;
  readonly name: string;
  readonly language: string | null;
  readonly password: string;
  readonly organization_id: string;
}

/** An account that the pool has, and what the transaction holds that makes it the user's. */
export interface NewAccount {
  readonly user: User;
  readonly tokens: Tokens;
  readonly device_token: string;
  readonly writes: readonly Write[];
  readonly events: readonly [EventDraft, ...EventDraft[]];
}

/** Items at most: address, user, pool account, session, two places, two events with their entries. */
export const LARGEST_ACCOUNT = 12;

export const emailTaken = (): Problem =>
  alreadyExists("email", "There is an account with this e-mail by now. Sign in instead, or reset the password.");

/**
 * Makes the pool's account of a new person and has it committed with everything else that the person begins with. The
 * account is made before the transaction, under the new user id; the e-mail marker in the table is the only way to it.
 * When the transaction is refused the account is deleted again. When its answer is lost nobody knows whether it was
 * written, so the account stays: unreachable if it was not, and the user's own if it was.
 * @param commit writes the account's writes and events; its refusal is the caller's
 * @throws Problem `already_exists` (409) for an address that has an account, `weak_password` (422)
 */
export async function withNewAccount<T>(
  deps: AuthDeps,
  person: NewPerson,
  arrival: Arrival,
  commit: (account: NewAccount) => Promise<T>,
): Promise<T> {
  const { email, name, language, password, organization_id } = person;
  const { request, at } = arrival;
  const platform = deps.table.of(PLATFORM);
  if ((await platform.get(emailItem, { email })) !== undefined) throw emailTaken();
  const id = newId("user", at);
  let uncertain = false;
  try {
    const sub = await deps.identities.createUser(id, email, password);
    const provider = await deps.identities.signIn(id, password);
    if (provider === undefined) throw new Error("the provider refused a user that it has just created");
    const user = newUser({ id, email, name, language, organization_id, sub, has_password: true }, at);
    const { session, tokens } = await newSession(deps, user, provider, { method: "password" }, arrival);
    const device_token = deps.randomSecret();
    const writes = [
      platform.writes.create(emailItem, { email, user_id: id }, emailTaken),
      platform.writes.create(userItem, user),
      platform.writes.create(poolAccountItem, { sub, user_id: id }),
      platform.writes.create(sessionItem, session),
      ...knownFromNow(platform, { email, ip: request.ip, device_token }, at),
    ];
    const events = [draft(authEvents, "user.registered", { id, name }, { user_id: id }), signedIn(session)] as const;
    try {
      return await commit({ user, tokens, device_token, writes, events: [...events] });
    } catch (error) {
      uncertain = !(error instanceof Problem) || error.status >= 500;
      throw error;
    }
  } catch (error) {
    // An account that cannot be deleted now is as unreachable as one that is gone: the refusal is what matters.
    if (!uncertain) await deps.identities.deleteUser(id).catch(() => undefined);
    throw error;
  }
}
