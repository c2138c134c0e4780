import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { PLATFORM, type Way } from "../../../shared/identity/items.ts";
import type { SignInDeps } from "../flow/deps.ts";
import { refusalPath } from "../flow/page.ts";
import { parseTicket } from "../flow/proved.ts";
import { cookieFor } from "../flow/rules/browser.ts";
import { wayOut } from "../flow/start.ts";
import { type Place, SIGN_IN_SECONDS } from "../model.ts";
import { platformWay } from "../platform/way.ts";
import { connectionItem, type SignIn, signInItem, wayTo } from "../store.ts";
import type { beginOperations } from "./operations.ts";

/** The way to a connection. Tried out is one before it is open to people. */
async function wayOfConnection(
  { table }: SignInDeps,
  { purpose }: Pick<SignIn, "purpose">,
  { organization_id, connection_id }: Place,
): Promise<Way | null> {
  const connection = await table.of(organization_id).get(connectionItem, { id: connection_id });
  const open = connection?.status === "active" || (purpose === "trial" && connection?.status === "inactive");
  return open ? wayTo(connection) : null;
}

/** Sends the browser that shows the ticket to the provider, once. */
export const begin: Handler<(typeof beginOperations)["begin"], SignInDeps> = async ({ query, at, origin }, deps) => {
  const ticket = parseTicket(query.ticket);
  const expired = { location: refusalPath("expired") };
  if (ticket === undefined) return expired;
  const platform = deps.table.of(PLATFORM);
  const asked = await platform.get(signInItem, { id: ticket.id });
  const live = asked?.status === "asked" && Date.parse(asked.expires_at) > at.getTime();
  if (!live || asked.code_hash !== sha256(ticket.secret)) return expired;
  const { lead } = asked;
  const way =
    "provider" in lead ? platformWay(deps.clients, lead.provider, origin) : await wayOfConnection(deps, asked, lead);
  if (way === null) return { location: refusalPath("connection_inactive") };
  const secret = deps.randomSecret();
  await platform.transact([
    platform.writes.transition(
      signInItem,
      { id: asked.id },
      { from: ["asked"], set: { status: "started", browser_hash: sha256(secret) }, remove: ["code_hash"] },
      () => new Problem("conflict", "This link has been used already. Begin again."),
    ),
  ]);
  const location = wayOut(deps, way, { id: asked.id, secret });
  return { location, cookie: cookieFor(asked.id, secret, SIGN_IN_SECONDS) };
};
