import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { badReference } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import {
  ACCOUNTS_PER_USER,
  connectionPlaceItem,
  membershipItem,
  organizationItem,
  PLATFORM,
  userItem,
} from "../../../shared/identity/items.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import { type AskDeps, ask } from "../asked/ask.ts";
import { stillActive } from "../enforcement/used.ts";
import { invalidCode, notLetIn, provedSignIn, spending } from "../flow/proved.ts";
import { requireTrusted } from "../flow/trusted.ts";
import { linking } from "../flow/writes.ts";
import { type Connection, connectionItem, type Identity } from "../store.ts";
import type { linkingOperations } from "./operations.ts";
import { identityOf, linkRefusal } from "./refusal.ts";

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

export const askLink: Handler<Ops["askLink"], AskDeps> = async (call, deps) => {
  const { body, caller, origin } = call;
  requireTrusted(body.redirect_uri, "redirect_uri", [origin, ...deps.origins]);
  const connection = await connectionFor(deps.table, body.connection_id, caller.user.id);
  if (connection === undefined) throw badReference("connection_id");
  if (connection.status !== "active") throw notLetIn("connection_inactive");
  const { redirect_uri, state, code_challenge } = body;
  const app = { redirect_uri, state, code_challenge };
  const asked_by = { user_id: caller.user.id, session_id: caller.session.id };
  const { write, answer } = ask(deps, connection, { purpose: "link", app, asked_by }, call);
  return call.answer([write], answer);
};

const shown = (identity: Identity, { organization_id, name }: Connection) => ({
  ...identity,
  organization_id,
  connection_name: name,
});

export const finishLink: Handler<Ops["finishLink"], AskDeps> = async (call, { table }) => {
  const { caller, at } = call;
  const { signIn, profile } = await provedSignIn(table, "link", call);
  if (signIn.asked_by?.session_id !== caller.session.id) throw invalidCode();
  const user_id = caller.user.id;
  return updateWithRetry(undefined, async () => {
    const connection = await connectionFor(table, signIn.connection_id, user_id);
    if (connection?.status !== "active") throw notLetIn("connection_inactive");
    const identity = await identityOf(table, connection, profile);
    const reason = linkRefusal(signIn, connection, profile, identity);
    if (reason !== undefined) throw notLetIn(reason);
    const spent = spending(table, signIn);
    if (identity !== undefined) return call.answer([spent], shown(identity, connection));
    const platform = table.of(PLATFORM);
    const user = await platform.get(userItem, { id: user_id });
    if (user === undefined) throw new Error(`the caller ${user_id} is nobody`);
    if (user.subs.length >= ACCOUNTS_PER_USER) throw notLetIn("too_many_accounts");
    const link = linking(table, { connection }, profile, user, "user", at);
    return call.commit(
      {
        writes: [
          spent,
          stillActive(table, connection),
          activeMember(table, connection.organization_id, user_id, "connection_id"),
          platform.writes.update(
            userItem,
            { id: user_id },
            { set: { subs: [...user.subs, profile.sub] } },
            { equals: { status: "active", subs: user.subs } },
            lostRace,
          ),
          ...link.writes,
        ],
        events: link.events,
      },
      shown(link.identity, connection),
      { tenant: connection.organization_id, actor: caller.principal },
    );
  });
};
