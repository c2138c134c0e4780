import { isDeepStrictEqual } from "node:util";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Redirect } from "../../../shared/http/operation.ts";
import { emailItem, organizationItem, PLATFORM } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import { readDomainOwner } from "../../domains/public.ts";
import { readPending } from "../../invitations/public.ts";
import { CODE_SECONDS, type Profile, type Refusal } from "../model.ts";
import {
  type Connection,
  connectionItem,
  identityId,
  identityItem,
  signInItem,
  signInTokensContext,
  wayTo,
} from "../store.ts";
import type { SignInDeps } from "./deps.ts";
import type { HostedTokens } from "./hosted.ts";
import type { signInOperations } from "./operations.ts";
import { refusalPath } from "./page.ts";
import { personOf } from "./person.ts";
import { endRefused } from "./refused.ts";
import type { Begun } from "./rules/begun.ts";
import { joins, shutOut } from "./rules/decide.ts";
import { isTrusted, withParameters } from "./rules/redirects.ts";

type Callback = (typeof signInOperations)["callback"];

/** In place of what a provider has not said. */
const NOBODY = "nobody";

/** What is known without the person themselves, in one read. */
async function seen(table: Table, { organization_id, connection_id }: Begun, profile: Profile | undefined) {
  const tenant = table.of(organization_id);
  const email = profile?.email ?? NOBODY;
  return table.batchOf({
    connection: tenant.read(connectionItem, { id: connection_id }),
    organization: tenant.read(organizationItem, {}),
    identity: profile && tenant.read(identityItem, { connection_id, id: identityId(connection_id, profile.subject) }),
    marker: profile && table.of(PLATFORM).read(emailItem, { email }),
    owner: profile && readDomainOwner(table, domainOf(email)),
    pending: profile && readPending(table, organization_id, email),
  });
}

/**
 * Why nobody comes in with what the provider has said; undefined where it depends on who it is, which is decided when the
 * app comes for the tokens (`token.ts`), on reads of that moment.
 */
function refusalOf(
  connection: Connection,
  known: Awaited<ReturnType<typeof seen>>,
  profile: Profile,
): Refusal | undefined {
  const { identity, marker, owner, pending, organization } = known;
  if (organization?.status !== "active") return "connection_inactive";
  const proved = owner?.organization_id === organization.id ? owner : undefined;
  const reason = shutOut({ connection, profile, domain_proved: proved !== undefined, known: identity });
  if (reason !== undefined || identity !== undefined || marker !== undefined) return reason;
  const auto_join_role = proved?.auto_join === true ? proved.default_role : null;
  // Whether an invitation is still open is looked at when it is accepted.
  const invited_role = pending && connection.default_role;
  return joins({ connection, auto_join_role, invited_role, membership: undefined }) === null
    ? "not_invited"
    : undefined;
}

/**
 * Takes somebody back from the pool whose browser has begun to sign them in: exchanges the pool's code, which works once,
 * looks whether anybody comes in with what the provider says, and sends a one-time code of ours to the app. Nothing else
 * is made: who never comes for the tokens has changed nothing.
 */
export async function arrive(
  call: Call<Callback>,
  deps: SignInDeps,
  { begun, ended: cookie }: { readonly begun: Begun; readonly ended: string },
): Promise<Redirect> {
  const { query, at, origin } = call;
  const { table } = deps;
  const { organization_id, connection_id, app, secret, way } = begun;
  const expired = { location: refusalPath("expired"), cookie };
  if (Date.parse(begun.expires_at) <= at.getTime() || !isTrusted(app.redirect_uri, [origin, ...deps.origins]))
    return expired;
  const person = query.code === undefined ? undefined : await personOf(query.code, secret, way, deps);
  const known = await seen(table, begun, person?.profile);
  const { connection } = known;
  // It is gone, or never led there.
  if (connection === undefined) return { location: refusalPath("connection_inactive"), cookie };
  if (!isDeepStrictEqual(wayTo(connection), way)) return expired;
  const signIn = { id: newId("sso_sign_in", at), organization_id, connection_id };
  const refuse = async (reason: Refusal): Promise<Redirect> => {
    await endRefused(call, table, { signIn, connection, reason, email: person?.profile.email ?? null });
    return { location: refusalPath(reason), cookie };
  };
  if (connection.status !== "active") return refuse("connection_inactive");
  if (person === undefined) return refuse(query.code === undefined ? "provider_refused" : "provider_failed");
  const { profile } = person;
  const reason = refusalOf(connection, known, profile);
  if (reason !== undefined) return refuse(reason);
  const code = deps.randomSecret();
  const seen_user_id = known.identity?.user_id ?? known.marker?.user_id;
  await table.transact([
    table.of(PLATFORM).writes.create(signInItem, {
      ...signIn,
      purpose: "sign_in",
      status: "proved",
      app,
      code_hash: sha256(code),
      profile,
      ...(seen_user_id === undefined ? {} : { seen_user_id }),
      sealed_tokens: await sealed(person.tokens, signIn, deps),
      expires_at: timestamp(addSeconds(at, CODE_SECONDS)),
    }),
  ]);
  const parameters = { code: `${signIn.id}.${code}`, ...(app.state === "" ? {} : { state: app.state }) };
  return { location: withParameters(app.redirect_uri, parameters), cookie };
}

const sealed = (
  { access_token, refresh_token, expires_in }: HostedTokens,
  { id }: { readonly id: string },
  { secrets }: SignInDeps,
) => secrets.encrypt(JSON.stringify({ access_token, refresh_token, expires_in }), signInTokensContext(id));
