import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Redirect } from "../../../shared/http/operation.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { identityOf, linkRefusal } from "../linking/refusal.ts";
import { CODE_SECONDS, type Profile, type Refusal } from "../model.ts";
import { type Connection, connectionItem, type SignIn, signInItem, signInTokensContext } from "../store.ts";
import { tried } from "../trial/tried.ts";
import type { SignInDeps } from "./deps.ts";
import type { HostedTokens } from "./hosted.ts";
import { judge } from "./judge.ts";
import type { signInOperations } from "./operations.ts";
import { refusalPath } from "./page.ts";
import { personOf } from "./person.ts";
import { endRefused, type Refused } from "./refused.ts";
import { noCookie, secretIn } from "./rules/browser.ts";
import { withParameters } from "./rules/redirects.ts";

type Callback = (typeof signInOperations)["callback"];

/** The sign-in that this browser has begun. Another browser's, an old or a used one is none. */
async function signInOf({ query, cookies, at }: Call<Callback>, { table }: SignInDeps) {
  const id = query.state ?? "";
  if (!/^ssn_[0-9A-HJKMNP-TV-Z]{26}$/.test(id)) return undefined;
  const secret = secretIn(cookies, id);
  if (secret === undefined) return undefined;
  const signIn = await table.of(PLATFORM).get(signInItem, { id });
  const live = signIn?.status === "started" && Date.parse(signIn.expires_at) > at.getTime();
  return live && signIn.browser_hash === sha256(secret) ? { signIn, secret } : undefined;
}

/**
 * Takes somebody back from the pool: exchanges its code, looks who they are, and sends a one-time code of ours to the app.
 * Nothing is made yet: who never comes for the tokens has changed nothing.
 */
export async function callback(call: Call<Callback>, deps: SignInDeps): Promise<Redirect> {
  const { query, at } = call;
  const begun = await signInOf(call, deps);
  if (begun === undefined) return { location: refusalPath("expired") };
  const { signIn, secret } = begun;
  const tenant = deps.table.of(signIn.organization_id);
  const connection = await tenant.get(connectionItem, { id: signIn.connection_id });
  if (signIn.app === null) return tried(call, deps, { signIn, secret, connection });
  const refuse = (reason: Refusal, email: string | null = null) =>
    refused(call, deps, { signIn, connection, reason, email });
  if (connection?.status !== "active") return refuse("connection_inactive");
  if (query.code === undefined) return refuse("provider_refused");
  const person = await personOf(query.code, secret, connection, deps);
  if (person === undefined) return refuse("provider_failed");
  const { profile, tokens } = person;
  const reason = await refusalOf(deps.table, signIn, connection, profile, at);
  if (reason !== undefined) return refuse(reason, profile.email);
  const code = deps.randomSecret();
  // Nothing is opened where somebody links: the pool's tokens end here.
  const kept = signIn.purpose === "sign_in" ? { sealed_tokens: await sealed(tokens, signIn, deps) } : {};
  await deps.table.transact([
    deps.table.of(PLATFORM).writes.update(
      signInItem,
      { id: signIn.id },
      {
        set: {
          status: "proved",
          code_hash: sha256(code),
          profile,
          ...kept,
          expires_at: timestamp(addSeconds(at, CODE_SECONDS)),
        },
      },
      { equals: { status: "started" } },
      () => new Problem("conflict", "This sign-in has been used already. Begin again."),
    ),
  ]);
  const { redirect_uri, state } = signIn.app;
  const parameters = { code: `${signIn.id}.${code}`, ...(state === "" ? {} : { state }) };
  return { location: withParameters(redirect_uri, parameters), cookie: noCookie(signIn.id) };
}

/** Why a person whom the provider has proved does not get what the sign-in is for. */
async function refusalOf(
  table: Table,
  signIn: SignIn,
  connection: Connection,
  profile: Profile,
  at: Date,
): Promise<Refusal | undefined> {
  if (signIn.purpose === "link")
    return linkRefusal(signIn, connection, profile, await identityOf(table, connection, profile));
  const judged = await judge(table, signIn, profile, at);
  if (judged === undefined) return "connection_inactive";
  return judged.decision.kind === "refused" ? judged.decision.reason : undefined;
}

const sealed = ({ access_token, refresh_token, expires_in }: HostedTokens, { id }: SignIn, { secrets }: SignInDeps) =>
  secrets.encrypt(JSON.stringify({ access_token, refresh_token, expires_in }), signInTokensContext(id));

/** Ends a sign-in with a page that says why. */
async function refused(call: Call<Callback>, { table }: SignInDeps, ended: Refused): Promise<Redirect> {
  await endRefused(call, table, ended);
  return { location: refusalPath(ended.reason), cookie: noCookie(ended.signIn.id) };
}
