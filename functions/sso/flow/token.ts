import { roleThere } from "../../../shared/access/own-roles.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import type { Ruled } from "../../../shared/identity/group-rules.ts";
import {
  emailItem,
  type Membership,
  PLATFORM,
  sessionItem,
  type User,
  userItem,
} from "../../../shared/identity/items.ts";
import { newUser } from "../../../shared/identity/new-user.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { deviceOfSignIn, LARGEST_ACCOUNT, newDevice, newSession, openSession, signedIn } from "../../auth/public.ts";
import { LARGEST_ACCEPTANCE } from "../../invitations/public.ts";
import { userEvents } from "../../users/events.ts";
import { replaceMembership } from "../../users/public.ts";
import type { Place, Profile } from "../model.ts";
import { tokenFromEverybodys } from "../platform/token.ts";
import type { Connection, SignIn } from "../store.ts";
import type { SignInDeps } from "./deps.ts";
import { type Judged, judge } from "./judge.ts";
import type { signInOperations } from "./operations.ts";
import { type PoolTokens, poolTokens } from "./pool-tokens.ts";
import { invalidCode, notLetIn, provedSignIn, reasonOf, spending } from "./proved.ts";
import { ending, endRefused } from "./refused.ts";
import type { Joins } from "./rules/decide.ts";
import { byGroups, enterTeams, leaveTeams } from "./teams.ts";
import { joining, linking, type Part, remembered, seenAgain, stillHolds } from "./writes.ts";

type Token = (typeof signInOperations)["token"];

/**
 * Makes a proved sign-in a session: decides anew who it is, and writes all that follows from it (seat, membership, role,
 * user, identity, session, history) in the one transaction that spends the code.
 */
export async function token(call: Call<Token>, deps: SignInDeps): Promise<Output<Token>> {
  const { at } = call;
  const proved = await provedSignIn(deps.table, "sign_in", call);
  const { signIn, profile } = proved;
  const { lead } = signIn;
  const provider = await poolTokens(proved, deps);
  if ("provider" in lead) return tokenFromEverybodys(call, deps, { signIn, profile, lead, provider });
  const along = { seen_user_id: signIn.seen_user_id, shown: call.body.device_token };
  let connection: Connection | undefined;
  try {
    return await updateWithRetry(undefined, async () => {
      const judged = await judge(deps.table, lead, profile, at, along);
      connection = judged?.connection;
      if (judged === undefined) throw notLetIn("connection_inactive");
      const { decision } = judged;
      if (decision.kind === "refused") throw notLetIn(decision.reason);
      const entry: Entry = { call, deps, signIn: { ...signIn, ...lead }, profile, judged, provider };
      return decision.kind === "new" ? asNewUser(entry) : asUser(entry);
    });
  } catch (error) {
    const reason = reasonOf(error);
    if (reason !== undefined)
      await endRefused(
        call,
        deps.table,
        { signIn: { id: signIn.id, ...lead }, connection, reason, email: profile.email },
        [ending(deps.table, signIn)],
      );
    throw error;
  }
}

const signedInAs = (user_id: string, { email }: Profile) =>
  ({ outcome: "signed_in", reason: null, user_id, email }) as const;

/** How the session was opened; whose connection it was says where it counts as the company's own sign-in. */
const viaOf = ({ id, organization_id }: Connection) =>
  ({ method: "sso", connection_id: id, connection_organization_id: organization_id }) as const;

/** The connection's rules for groups count from the first sign-in on. */
const joinsBy = (join: Joins, { role }: Ruled) => ({ ...join, role, ruled: role !== join.role });

interface Entry {
  readonly call: Call<Token>;
  readonly deps: SignInDeps;
  readonly signIn: SignIn & Place;
  readonly profile: Profile;
  readonly judged: Judged;
  readonly provider: PoolTokens;
}

/** A role that the rules change, of somebody who is a member already. */
function reassigned({ deps, call }: Entry, membership: Membership, user: User, role: string): Part {
  if (membership.role === role) return { writes: [], events: [] };
  const next: Membership = { ...membership, role, updated_at: timestamp(call.at), etag: newEtag(call.at) };
  const { organization_id } = membership;
  const data = { user_id: user.id, organization_id, role, previous_role: membership.role };
  const changes = [{ field: "role", old: membership.role, new: role }];
  return {
    writes: [
      ...roleThere(deps.table.of(organization_id), role, true, lostRace),
      ...replaceMembership(deps.table, membership, next),
    ],
    events: [draft(userEvents, "membership.role_changed", { id: user.id, name: user.name }, data, { changes })],
  };
}

/**
 * Items at most: an account, a joining; the code, the history, an identity with its pointer, its event and entry; a
 * session that ends; connection and domain; a device with its event and entry.
 */
const LARGEST = LARGEST_ACCOUNT + LARGEST_ACCEPTANCE + 15;

async function asUser(entry: Entry): Promise<Output<Token>> {
  const { call, deps, signIn, profile, judged, provider } = entry;
  const { decision, user, membership, identity, organization, connection } = judged;
  if (decision.kind !== "user" || user === undefined) throw new Error("nobody was decided on");
  const { table } = deps;
  const { at, request } = call;
  const now = decision.join?.role ?? membership?.role ?? connection.default_role;
  const rule = await byGroups(table, judged, profile, user.id, now);
  await leaveTeams(table, judged, user.id, rule.leave, at);
  const via = viaOf(connection);
  const { session, tokens } = await newSession({ ...deps }, user, provider, via, call);
  const device = await deviceOfSignIn(deps, user, call.body.device_token, at, judged.device);
  const parts: readonly Part[] = [
    identity === undefined
      ? linking(table, judged, profile, user, "email", at)
      : seenAgain(table, judged, identity, profile, at),
    decision.join !== null
      ? await joining(table, judged, joinsBy(decision.join, rule), user, { at, primary: false })
      : membership === undefined
        ? { writes: [], events: [] }
        : reassigned(entry, membership, user, rule.role),
  ];
  const answer = await openSession(
    deps,
    user,
    session,
    at,
    invalidCode,
    (opening) =>
      call.commit(
        {
          writes: [
            spending(table, signIn),
            ...stillHolds(table, judged),
            ...opening.writes,
            ...parts.flatMap(({ writes }) => writes),
            remembered(table, signIn, signedInAs(user.id, profile), { at, ip: request.ip }),
            device.write,
          ],
          events: [
            ...opening.events,
            ...(device.known ? [] : [newDevice(session)]),
            ...parts.flatMap(({ events }) => events),
          ],
          largest: LARGEST,
        },
        { user: opening.user, tokens, organization_id: organization.id, device_token: device.token },
        { tenant: organization.id, actor: { type: "user", id: user.id } },
      ),
    decision.link ? { sub: profile.sub } : undefined,
  );
  await enterTeams(table, judged, user.id, rule.enter, at);
  return answer;
}

async function asNewUser(entry: Entry): Promise<Output<Token>> {
  const { call, deps, signIn, profile, judged, provider } = entry;
  const { decision, organization, connection } = judged;
  const { email } = profile;
  if (decision.kind !== "new" || email === null) throw new Error("nobody was decided on");
  const { table } = deps;
  const { at, request } = call;
  const id = newId("user", at);
  const rule = await byGroups(table, judged, profile, id, decision.join.role);
  const person = {
    id,
    email,
    name: profile.name,
    language: null,
    organization_id: organization.id,
    sub: profile.sub,
    has_password: false,
  };
  const user = newUser(person, at);
  const via = viaOf(connection);
  const { session, tokens } = await newSession({ ...deps }, user, provider, via, call);
  const device = await deviceOfSignIn(deps, user, undefined, at);
  const platform = table.of(PLATFORM);
  const parts: readonly Part[] = [
    linking(table, judged, profile, user, "email", at),
    await joining(table, judged, joinsBy(decision.join, rule), user, { at, primary: true }),
  ];
  const answer = await call.commit(
    {
      writes: [
        spending(table, signIn),
        ...stillHolds(table, judged),
        platform.writes.create(emailItem, { email, user_id: id }, lostRace),
        platform.writes.create(userItem, user),
        platform.writes.create(sessionItem, session),
        ...parts.flatMap(({ writes }) => writes),
        remembered(table, signIn, signedInAs(id, profile), { at, ip: request.ip }),
        device.write,
      ],
      events: [signedIn(session), ...parts.flatMap(({ events }) => events)],
      largest: LARGEST,
    },
    { user, tokens, organization_id: organization.id, device_token: device.token },
    { tenant: organization.id, actor: { type: "user", id } },
  );
  await enterTeams(table, judged, id, rule.enter, at);
  return answer;
}
