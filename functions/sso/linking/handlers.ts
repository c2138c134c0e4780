import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { badReference } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import {
  ACCOUNTS_PER_USER,
  connectionPlaceItem,
  membershipItem,
  organizationItem,
  PLATFORM,
  type User,
  userItem,
} from "../../../shared/identity/items.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import { type AskDeps, ask } from "../asked/ask.ts";
import { stillActive } from "../enforcement/used.ts";
import { invalidCode, notLetIn, provedSignIn, spending } from "../flow/proved.ts";
import { requireTrusted } from "../flow/trusted.ts";
import { linking } from "../flow/writes.ts";
import { ownCompanys, ownEverybodys } from "../identities/own.ts";
import type { Everybodys, Lead, Place, Profile } from "../model.ts";
import { linkingEverybodys } from "../platform/writes.ts";
import { type Connection, connectionItem, identityId, platformIdentityItem, type SignIn } from "../store.ts";
import type { linkingOperations } from "./operations.ts";
import { everybodysRefusal, identityOf, linkRefusal } from "./refusal.ts";

type Ops = typeof linkingOperations;

/**
 * A connection of an organization in which the user is an active member. Not of the one that is active for the request,
 * and whatever its settings say of the session: where a provider is enforced, who has a password only links it first.
 */
async function connectionFor(table: Table, id: string, user_id: string): Promise<Connection | undefined> {
  const place = await table.of(PLATFORM).get(connectionPlaceItem, { connection_id: id });
  if (place === undefined) return undefined;
  const tenant = table.of(place.organization_id);
  const [connection, organization, membership] = await table.batch([
    tenant.read(connectionItem, { id }),
    tenant.read(organizationItem, {}),
    tenant.read(membershipItem, { user_id }),
  ]);
  return membership?.status === "active" && organization?.status === "active" ? connection : undefined;
}

/** What somebody wants to link who is signed in. @throws Problem for what is not there for them */
async function leadOf(call: Call<Ops["askLink"]>, { table, clients }: AskDeps): Promise<Lead> {
  const { body, caller } = call;
  const { connection_id, provider } = body;
  if ((connection_id === undefined) === (provider === undefined))
    throw invalid([{ path: "", message: "must have `connection_id` or `provider`, and not both" }]);
  if (provider !== undefined) {
    if (clients[provider] === undefined) throw notLetIn("connection_inactive");
    return { provider };
  }
  const connection = await connectionFor(table, connection_id ?? "", caller.user.id);
  if (connection === undefined) throw badReference("connection_id");
  if (connection.status !== "active") throw notLetIn("connection_inactive");
  return { organization_id: connection.organization_id, connection_id: connection.id };
}

export const askLink: Handler<Ops["askLink"], AskDeps> = async (call, deps) => {
  const { body, caller, origin } = call;
  requireTrusted(body.redirect_uri, "redirect_uri", [origin, ...deps.origins]);
  const lead = await leadOf(call, deps);
  const { redirect_uri, state, code_challenge } = body;
  const app = { redirect_uri, state, code_challenge };
  const asked_by = { user_id: caller.user.id, session_id: caller.session.id };
  const { write, answer } = ask(deps, lead, { purpose: "link", app, asked_by }, call);
  return call.answer([write], answer);
};

/** Whoever links it, where they may have one more. */
async function linker(table: Table, id: string): Promise<User> {
  const user = await table.of(PLATFORM).get(userItem, { id });
  if (user === undefined) throw new Error(`the caller ${id} is nobody`);
  if (user.subs.length >= ACCOUNTS_PER_USER) throw notLetIn("too_many_accounts");
  return user;
}

/** One account more at the pool is the user's. */
const oneMore = (table: Table, { id, subs }: User, sub: string): Write =>
  table
    .of(PLATFORM)
    .writes.update(
      userItem,
      { id },
      { set: { subs: [...subs, sub] } },
      { equals: { status: "active", subs } },
      lostRace,
    );

export const finishLink: Handler<Ops["finishLink"], AskDeps> = async (call, deps) => {
  const { caller } = call;
  const { table } = deps;
  const { signIn, profile } = await provedSignIn(table, "link", call);
  if (signIn.asked_by?.session_id !== caller.session.id) throw invalidCode();
  const { lead } = signIn;
  return updateWithRetry(undefined, async () =>
    "provider" in lead
      ? finishEverybodys(call, deps, { signIn, profile, lead })
      : finishCompanys(call, table, { signIn, profile, lead }),
  );
};

type Finish = Call<Ops["finishLink"]>;

interface Proved<L> {
  readonly signIn: SignIn;
  readonly profile: Profile;
  readonly lead: L;
}

async function finishCompanys(call: Finish, table: Table, { signIn, profile, lead }: Proved<Place>) {
  const { caller, at } = call;
  const user_id = caller.user.id;
  const connection = await connectionFor(table, lead.connection_id, user_id);
  if (connection?.status !== "active") throw notLetIn("connection_inactive");
  const identity = await identityOf(table, connection, profile);
  const reason = linkRefusal(signIn, connection, profile, identity);
  if (reason !== undefined) throw notLetIn(reason);
  const spent = spending(table, signIn);
  if (identity !== undefined) return call.answer([spent], ownCompanys(identity, connection, true));
  const user = await linker(table, user_id);
  const link = linking(table, { connection }, profile, user, "user", at);
  return call.commit(
    {
      writes: [
        spent,
        stillActive(table, connection),
        activeMember(table, connection.organization_id, user_id, "connection_id"),
        oneMore(table, user, profile.sub),
        ...link.writes,
      ],
      events: link.events,
    },
    ownCompanys(link.identity, connection, true),
    { tenant: connection.organization_id, actor: caller.principal },
  );
}

async function finishEverybodys(call: Finish, deps: AskDeps, { signIn, profile, lead }: Proved<Everybodys>) {
  const { caller, at } = call;
  const { table } = deps;
  const reason = await everybodysRefusal(table, signIn, profile);
  if (reason !== undefined) throw notLetIn(reason);
  const spent = spending(table, signIn);
  const id = identityId(lead.provider, profile.subject);
  const identity = await table.of(PLATFORM).get(platformIdentityItem, { user_id: caller.user.id, id });
  if (identity !== undefined) return call.answer([spent], ownEverybodys(identity, true));
  const user = await linker(table, caller.user.id);
  const link = linkingEverybodys(deps, lead.provider, profile, user, "user", at);
  return call.commit(
    { writes: [spent, oneMore(table, user, profile.sub), ...link.writes], events: link.events },
    ownEverybodys(link.identity, true),
    { tenant: user.default_organization_id, actor: caller.principal },
  );
}
