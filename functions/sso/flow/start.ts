import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Redirect } from "../../../shared/http/operation.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { connectionPlaceItem, PLATFORM } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import { domainOwner } from "../../domains/public.ts";
import { SIGN_IN_SECONDS } from "../model.ts";
import { type Connection, connectionItem, connectionsOf, signInItem } from "../store.ts";
import type { SignInDeps } from "./deps.ts";
import type { signInOperations } from "./operations.ts";
import { refusalPath } from "./page.ts";
import { cookieFor, nonceOf, verifierOf } from "./rules/browser.ts";
import { requireTrusted } from "./trusted.ts";

type Start = (typeof signInOperations)["start"];

/**
 * The connection of a link, or that of the company which has proved the address's domain. Only the domain is looked at:
 * nothing tells whether the person exists.
 */
async function connectionFor({ query }: Call<Start>, deps: SignInDeps): Promise<Connection | undefined> {
  const { connection_id, email } = query;
  const { table } = deps;
  if (connection_id !== undefined) {
    const place = await table.of(PLATFORM).get(connectionPlaceItem, { connection_id });
    return place && table.of(place.organization_id).get(connectionItem, { id: connection_id });
  }
  const domain = domainOf(email ?? "");
  const owner = await domainOwner(table, domain);
  if (owner === undefined) return undefined;
  const active = (await connectionsOf(table, owner.organization_id)).filter(({ status }) => status === "active");
  return (
    active.find(({ allowed_domains }) => allowed_domains.includes(domain)) ??
    active.find(({ allowed_domains }) => allowed_domains.length === 0)
  );
}

/** Sends a browser to the provider, with a secret of its own by which its way back is known. */
export async function start(call: Call<Start>, deps: SignInDeps): Promise<Redirect> {
  const { at, query, origin } = call;
  if ((query.connection_id === undefined) === (query.email === undefined))
    throw invalid([{ path: "query", message: "must have `connection_id` or `email`, and not both" }]);
  requireTrusted(query.redirect_uri, "query.redirect_uri", [origin, ...deps.origins]);
  const connection = await connectionFor(call, deps);
  if (connection === undefined) return { location: refusalPath("no_connection") };
  const { id: connection_id, organization_id } = connection;
  if (connection.status !== "active") return { location: refusalPath("connection_inactive") };
  const id = newId("sso_sign_in", at);
  const secret = deps.randomSecret();
  await deps.table.transact([
    deps.table.of(PLATFORM).writes.create(signInItem, {
      id,
      organization_id,
      connection_id,
      purpose: "sign_in",
      status: "started",
      browser_hash: sha256(secret),
      app: { redirect_uri: query.redirect_uri, state: query.state, code_challenge: query.code_challenge },
      expires_at: timestamp(addSeconds(at, SIGN_IN_SECONDS)),
    }),
  ]);
  return wayOut(deps, connection, { id, secret, email: query.email });
}

/** The way to a provider, with a secret for the browser by which its way back is known. */
export function wayOut(
  { hosted }: Pick<SignInDeps, "hosted">,
  { pool_client_id, provider_name, callback_url }: Connection,
  { id, secret, email }: { readonly id: string; readonly secret: string; readonly email?: string | undefined },
): Redirect {
  if (pool_client_id === null) throw new Error(`the pool knows nothing of ${provider_name} yet`);
  const location = hosted.authorize({
    response_type: "code",
    client_id: pool_client_id,
    redirect_uri: callback_url,
    identity_provider: provider_name,
    scope: "openid",
    state: id,
    nonce: nonceOf(secret),
    code_challenge: sha256(verifierOf(secret)),
    code_challenge_method: "S256",
    ...(email === undefined ? {} : { login_hint: email }),
  });
  return { location, cookie: cookieFor(id, secret, SIGN_IN_SECONDS) };
}
