import * as z from "zod";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { ruled } from "../../../shared/identity/group-rules.ts";
import {
  ACCOUNTS_PER_USER,
  emailItem,
  type Membership,
  PLATFORM,
  sessionItem,
  type User,
  userItem,
} from "../../../shared/identity/items.ts";
import { newUser } from "../../../shared/identity/new-user.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { LARGEST_ACCOUNT, newSession, openSession, signedIn } from "../../auth/public.ts";
import { LARGEST_ACCEPTANCE } from "../../invitations/public.ts";
import { userEvents } from "../../users/events.ts";
import { replaceMembership } from "../../users/public.ts";
import { type Profile, type Refusal, refusals } from "../model.ts";
import type { signInOperations } from "../operations.ts";
import { type SignIn, signInItem, signInTokensContext } from "../store.ts";
import type { SignInDeps } from "./deps.ts";
import { type Judged, judge } from "./judge.ts";
import { enterTeams, leaveTeams, teamIdsOf } from "./teams.ts";
import { joining, linking, type Part, remembered, seenAgain, stillHolds } from "./writes.ts";

type Token = (typeof signInOperations)["token"];

const invalidCode = (): Problem =>
  new Problem("invalid_credentials", "The code is not valid or no longer valid. Begin the sign-in again.");

const notLetIn = (reason: Refusal): Problem => new Problem("conflict", refusals[reason], { members: { reason } });

const poolTokens = z.object({ access_token: z.string(), refresh_token: z.string(), expires_in: z.number() });

/** The sign-in that a code and its verifier prove. */
async function provedSignIn({ body, at }: Call<Token>, { table }: SignInDeps) {
  const [, id, code] = /^(ssn_[0-9A-HJKMNP-TV-Z]{26})\.([\w-]{43})$/.exec(body.code) ?? [];
  if (id === undefined || code === undefined) throw invalidCode();
  const signIn = await table.of(PLATFORM).get(signInItem, { id });
  if (signIn?.status !== "proved" || Date.parse(signIn.expires_at) <= at.getTime()) throw invalidCode();
  const { profile, sealed_tokens, code_hash, code_challenge } = signIn;
  if (code_hash !== sha256(code) || code_challenge !== sha256(body.code_verifier)) throw invalidCode();
  if (profile === undefined || sealed_tokens === undefined) throw new Error(`${id} is proved and says nothing`);
  return { signIn, profile, sealed_tokens };
}

/** The pool's tokens as `auth` keeps them. */
async function providerTokens(signIn: SignIn, sealed: string, { sub }: Profile, { secrets }: SignInDeps) {
  const { access_token, refresh_token, expires_in } = poolTokens.parse(
    JSON.parse(await secrets.decrypt(sealed, signInTokensContext(signIn.id))),
  );
  const { origin_jti, client_id } = z
    .object({ origin_jti: z.string(), client_id: z.string() })
    .parse(JSON.parse(Buffer.from(access_token.split(".")[1] ?? "", "base64url").toString("utf8")));
  return { sub, access_token, refresh_token, expires_in, origin_jti, client_id };
}

/**
 * Makes a proved sign-in a session: decides anew who it is, and writes all that follows from it (seat, membership, role,
 * user, identity, session, history) in the one transaction that spends the code.
 */
export async function token(call: Call<Token>, deps: SignInDeps): Promise<Output<Token>> {
  const { at } = call;
  const { signIn, profile, sealed_tokens } = await provedSignIn(call, deps);
  const provider = await providerTokens(signIn, sealed_tokens, profile, deps);
  return updateWithRetry(undefined, async () => {
    const judged = await judge(deps.table, signIn, profile, at);
    if (judged === undefined) throw notLetIn("connection_inactive");
    const { decision } = judged;
    if (decision.kind === "refused") throw notLetIn(decision.reason);
    const entry: Entry = { call, deps, signIn, profile, judged, provider };
    return decision.kind === "new" ? asNewUser(entry) : asUser(entry);
  });
}

interface Entry {
  readonly call: Call<Token>;
  readonly deps: SignInDeps;
  readonly signIn: SignIn;
  readonly profile: Profile;
  readonly judged: Judged;
  readonly provider: Awaited<ReturnType<typeof providerTokens>>;
}

const spending = ({ deps, signIn }: Entry) =>
  deps.table
    .of(PLATFORM)
    .writes.transition(signInItem, { id: signIn.id }, { from: ["proved"], set: { status: "spent" } }, invalidCode);

/** What the connection's rules make of somebody by their groups. */
async function byGroups({ judged, profile, deps }: Entry, user_id: string, role: string) {
  const { connection, organization } = judged;
  const { group_rules, default_role } = connection;
  const teams = group_rules.some(({ team_id }) => team_id !== undefined);
  const team_ids = teams ? await teamIdsOf(deps.table, organization.id, user_id) : [];
  return ruled(group_rules, profile.groups ?? undefined, { role, team_ids }, default_role);
}

/** A role that the rules change, of somebody who is a member already. */
function reassigned({ deps, call }: Entry, membership: Membership, user: User, role: string): Part {
  if (membership.role === role) return { writes: [], events: [] };
  const next: Membership = { ...membership, role, updated_at: timestamp(call.at), etag: newEtag(call.at) };
  const { organization_id } = membership;
  const data = { user_id: user.id, organization_id, role, previous_role: membership.role };
  const changes = [{ field: "role", old: membership.role, new: role }];
  return {
    writes: replaceMembership(deps.table, membership, next),
    events: [draft(userEvents, "membership.role_changed", { id: user.id, name: user.name }, data, { changes })],
  };
}

/**
 * Items at most: an account, a joining; the code, the history, an identity with its pointer, its event and entry; a
 * session that ends; connection and domain.
 */
const LARGEST = LARGEST_ACCOUNT + LARGEST_ACCEPTANCE + 12;

async function asUser(entry: Entry): Promise<Output<Token>> {
  const { call, deps, signIn, profile, judged, provider } = entry;
  const { decision, user, membership, identity, organization, connection } = judged;
  if (decision.kind !== "user" || user === undefined) throw new Error("nobody was decided on");
  const { table } = deps;
  const { at, request } = call;
  if (decision.link && user.subs.length >= ACCOUNTS_PER_USER) throw notLetIn("too_many_accounts");
  const now = decision.join?.role ?? membership?.role ?? connection.default_role;
  const rule = await byGroups(entry, user.id, now);
  await leaveTeams(table, judged, user.id, rule.leave, at);
  const via = { method: "sso", connection_id: connection.id } as const;
  const { session, tokens } = await newSession({ ...deps }, user, provider, via, request, at);
  const parts: readonly Part[] = [
    identity === undefined
      ? linking(table, judged, profile, user, "email", at)
      : seenAgain(table, judged, identity, profile, at),
    decision.join !== null
      ? await joining(table, judged, { ...decision.join, role: rule.role }, user, { at, primary: false })
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
            spending(entry),
            ...stillHolds(table, judged),
            ...opening.writes,
            ...parts.flatMap(({ writes }) => writes),
            remembered(table, signIn, user.id, profile, { at, ip: request.ip }),
          ],
          events: [...opening.events, ...parts.flatMap(({ events }) => events)],
          largest: LARGEST,
        },
        { user: opening.user, tokens, organization_id: organization.id },
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
  const rule = await byGroups(entry, id, decision.join.role);
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
  const via = { method: "sso", connection_id: connection.id } as const;
  const { session, tokens } = await newSession({ ...deps }, user, provider, via, request, at);
  const platform = table.of(PLATFORM);
  const parts: readonly Part[] = [
    linking(table, judged, profile, user, "email", at),
    await joining(table, judged, { ...decision.join, role: rule.role }, user, { at, primary: true }),
  ];
  const answer = await call.commit(
    {
      writes: [
        spending(entry),
        ...stillHolds(table, judged),
        platform.writes.create(emailItem, { email, user_id: id }, () => notLetIn("mail_taken")),
        platform.writes.create(userItem, user),
        platform.writes.create(sessionItem, session),
        ...parts.flatMap(({ writes }) => writes),
        remembered(table, signIn, id, profile, { at, ip: request.ip }),
      ],
      events: [signedIn(session), ...parts.flatMap(({ events }) => events)],
      largest: LARGEST,
    },
    { user, tokens, organization_id: organization.id },
    { tenant: organization.id, actor: { type: "user", id } },
  );
  await enterTeams(table, judged, id, rule.enter, at);
  return answer;
}
