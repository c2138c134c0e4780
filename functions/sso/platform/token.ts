import { updateWithRetry } from "../../../shared/change/update.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { emailItem, PLATFORM, sessionItem, userItem } from "../../../shared/identity/items.ts";
import { newUser } from "../../../shared/identity/new-user.ts";
import { newId } from "../../../shared/ids.ts";
import { deviceOfSignIn, LARGEST_ACCOUNT, newDevice, newSession, openSession, signedIn } from "../../auth/public.ts";
import { stillJoins } from "../../domains/public.ts";
import { LARGEST_ACCEPTANCE } from "../../invitations/public.ts";
import type { SignInDeps } from "../flow/deps.ts";
import type { signInOperations } from "../flow/operations.ts";
import type { PoolTokens } from "../flow/pool-tokens.ts";
import { invalidCode, notLetIn, reasonOf, spending } from "../flow/proved.ts";
import { ending } from "../flow/refused.ts";
import { joining } from "../flow/writes.ts";
import type { Everybodys, Profile } from "../model.ts";
import type { SignIn } from "../store.ts";
import { type Judged, judgeEverybodys } from "./judge.ts";
import { concernedBy, tellRefused } from "./refused.ts";
import { linkingEverybodys, seenEverybodys } from "./writes.ts";

type Token = (typeof signInOperations)["token"];

interface Proved {
  readonly signIn: SignIn;
  readonly profile: Profile;
  readonly lead: Everybodys;
  /** The pool's tokens. */
  readonly provider: PoolTokens;
}

interface Entry extends Proved {
  readonly call: Call<Token>;
  readonly deps: SignInDeps;
  readonly judged: Judged;
}

/**
 * Makes a proved sign-in through a provider that is everybody's a session: decides anew who it is, and writes all that
 * follows from it in the one transaction that spends the code. A refusal spends it too.
 */
export async function tokenFromEverybodys(call: Call<Token>, deps: SignInDeps, proved: Proved): Promise<Output<Token>> {
  const { signIn, profile, lead } = proved;
  const { seen_user_id, seen_organization_id } = signIn;
  const along = { seen_user_id, seen_organization_id, shown: call.body.device_token };
  let seen: Judged | undefined;
  try {
    return await updateWithRetry(undefined, async () => {
      const judged = await judgeEverybodys(deps.table, lead, profile, call.at, along);
      seen = judged;
      const { decision } = judged;
      if (decision.kind === "refused") throw notLetIn(decision.reason);
      const entry: Entry = { ...proved, call, deps, judged };
      return decision.kind === "new" ? asNewUser(entry) : asUser(entry);
    });
  } catch (error) {
    const reason = reasonOf(error);
    if (reason !== undefined) {
      const concerns = seen && concernedBy(seen);
      const refusal = { provider: lead.provider, purpose: "sign_in", reason, concerns } as const;
      await tellRefused(call, deps, refusal, [ending(deps.table, signIn)]);
    }
    throw error;
  }
}

async function asUser({ call, deps, signIn, profile, lead, judged, provider }: Entry): Promise<Output<Token>> {
  const { decision, user } = judged;
  if (decision.kind !== "user" || user === undefined) throw new Error("nobody was decided on");
  const { table } = deps;
  const { at } = call;
  const via = { method: lead.provider };
  const { session, tokens } = await newSession(deps, user, provider, via, call);
  const device = await deviceOfSignIn(deps, user, call.body.device_token, at, judged.device);
  const link = decision.link ? linkingEverybodys(deps, lead.provider, profile, user, "email", at) : undefined;
  const writes: readonly Write[] = link
    ? [...link.writes, stillTheirs(deps, profile, user.id)]
    : [seenEverybodys(deps, lead.provider, profile, user.id, at)];
  return openSession(
    deps,
    user,
    session,
    at,
    invalidCode,
    (opening) => {
      const organization_id = opening.user.default_organization_id;
      return call.commit(
        {
          writes: [spending(table, signIn), ...opening.writes, ...writes, device.write],
          events: [...opening.events, ...(device.known ? [] : [newDevice(session)]), ...(link?.events ?? [])],
        },
        { user: opening.user, tokens, organization_id, device_token: device.token },
        { tenant: organization_id, actor: { type: "user", id: user.id } },
      );
    },
    decision.link ? { sub: profile.sub } : undefined,
  );
}

/** Proves within the transaction that the address is still the user's who is linked by it. */
const stillTheirs = ({ table }: SignInDeps, { email }: Profile, user_id: string): Write =>
  table.of(PLATFORM).writes.check(emailItem, { email: email ?? "" }, { equals: { user_id } }, lostRace);

async function asNewUser({ call, deps, signIn, profile, lead, judged, provider }: Entry): Promise<Output<Token>> {
  const { decision, organization, invitation, domain } = judged;
  const { email } = profile;
  if (decision.kind !== "new" || email === null || organization === undefined) throw new Error("nobody was decided on");
  const { table } = deps;
  const { at } = call;
  const id = newId("user", at);
  const organization_id = organization.id;
  const person = {
    id,
    email,
    name: profile.name,
    language: null,
    organization_id,
    sub: profile.sub,
    has_password: false,
  };
  const user = newUser(person, at);
  const { session, tokens } = await newSession(deps, user, provider, { method: lead.provider }, call);
  const device = await deviceOfSignIn(deps, user, undefined, at);
  const platform = table.of(PLATFORM);
  const link = linkingEverybodys(deps, lead.provider, profile, user, "email", at);
  const joined = await joining(table, { organization, membership: undefined, invitation }, decision.join, user, {
    at,
    primary: true,
  });
  return call.commit(
    {
      writes: [
        spending(table, signIn),
        ...(decision.join.via === "domain" && domain !== undefined ? [stillJoins(table, domain, lostRace)] : []),
        platform.writes.create(emailItem, { email, user_id: id }, lostRace),
        platform.writes.create(userItem, user),
        platform.writes.create(sessionItem, session),
        ...link.writes,
        ...joined.writes,
        device.write,
      ],
      events: [signedIn(session), ...link.events, ...joined.events],
      largest: LARGEST_ACCOUNT + LARGEST_ACCEPTANCE,
    },
    { user, tokens, organization_id, device_token: device.token },
    { tenant: organization_id, actor: { type: "user", id } },
  );
}
