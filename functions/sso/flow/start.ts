import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Redirect } from "../../../shared/http/operation.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { connectionPlaceItem, PLATFORM, type Way } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import { domainOwner } from "../../domains/public.ts";
import { type Lead, SIGN_IN_SECONDS } from "../model.ts";
import { platformWay } from "../platform/way.ts";
import { connectionsOf, wayOf } from "../store.ts";
import type { SignInDeps } from "./deps.ts";
import type { signInOperations } from "./operations.ts";
import { refusalPath } from "./page.ts";
import { begunCookie } from "./rules/begun.ts";
import { nonceOf, verifierOf } from "./rules/browser.ts";
import { requireTrusted } from "./trusted.ts";

type Start = (typeof signInOperations)["start"];

/** Where a sign-in leads, and how; null where nobody signs in by it. */
interface Led {
  readonly lead: Lead;
  readonly way: Way | null;
}

/**
 * A provider that is everybody's, the connection of a link, or that of the company which has proved the address's domain.
 * Only the domain is looked at: nothing tells whether the person exists.
 */
async function leadOf({ query, origin }: Call<Start>, { table, clients }: SignInDeps): Promise<Led | undefined> {
  const { provider, joins, connection_id, email } = query;
  if (provider !== undefined)
    return {
      lead: { provider, ...(joins === undefined ? {} : { joins }) },
      way: platformWay(clients, provider, origin),
    };
  if (connection_id !== undefined) {
    const place = await table.of(PLATFORM).get(connectionPlaceItem, { connection_id });
    return place && { lead: { organization_id: place.organization_id, connection_id }, way: place.way };
  }
  const domain = domainOf(email ?? "");
  const owner = await domainOwner(table, domain);
  if (owner === undefined) return undefined;
  const active = (await connectionsOf(table, owner.organization_id)).filter(({ status }) => status === "active");
  const found =
    active.find(({ allowed_domains }) => allowed_domains.includes(domain)) ??
    active.find(({ allowed_domains }) => allowed_domains.length === 0);
  return found && { lead: { organization_id: found.organization_id, connection_id: found.id }, way: wayOf(found) };
}

/**
 * Sends a browser to the provider, with a secret of its own by which its way back is known. All of the sign-in is the
 * browser's: nothing is written before the provider has proved somebody.
 */
export async function start(call: Call<Start>, deps: SignInDeps): Promise<Redirect> {
  const { at, query, origin, cookies } = call;
  if ([query.connection_id, query.email, query.provider].filter((one) => one !== undefined).length !== 1)
    throw invalid([{ path: "query", message: "must have one of `connection_id`, `email` and `provider`" }]);
  requireTrusted(query.redirect_uri, "query.redirect_uri", [origin, ...deps.origins]);
  const led = await leadOf(call, deps);
  if (led === undefined) return { location: refusalPath("no_connection") };
  const { lead, way } = led;
  if (way === null) return { location: refusalPath("connection_inactive") };
  const id = newId("sso_sign_in", at);
  const secret = deps.randomSecret();
  const { redirect_uri, state, code_challenge } = query;
  const app = { redirect_uri, state, code_challenge };
  const expires_at = timestamp(addSeconds(at, SIGN_IN_SECONDS));
  const begun = { id, secret, lead, way, app, expires_at };
  const cookie = begunCookie(cookies, begun, SIGN_IN_SECONDS);
  if (cookie === undefined)
    throw invalid([{ path: "query.redirect_uri", message: "is too long, together with `state`" }]);
  return { location: wayOut(deps, way, { id, secret, email: query.email }), cookie };
}

/** The way to a provider, for a browser that keeps the secret by which its way back is known. */
export const wayOut = (
  { hosted }: Pick<SignInDeps, "hosted">,
  { pool_client_id, provider_name, callback_url }: Way,
  { id, secret, email }: { readonly id: string; readonly secret: string; readonly email?: string | undefined },
): string =>
  hosted.authorize({
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
