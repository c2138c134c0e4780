import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Redirect } from "../../../shared/http/operation.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { CODE_SECONDS } from "../model.ts";
import { arriveFromEverybodys } from "../platform/arrive.ts";
import { signInItem, signInTokensContext } from "../store.ts";
import { arriveFromCompany } from "./company.ts";
import type { SignInDeps } from "./deps.ts";
import type { HostedTokens } from "./hosted.ts";
import type { signInOperations } from "./operations.ts";
import { refusalPath } from "./page.ts";
import type { Begun } from "./rules/begun.ts";
import { isTrusted, withParameters } from "./rules/redirects.ts";

type Callback = (typeof signInOperations)["callback"];

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
  const { at, origin } = call;
  const { lead, app } = begun;
  if (Date.parse(begun.expires_at) <= at.getTime() || !isTrusted(app.redirect_uri, [origin, ...deps.origins]))
    return { location: refusalPath("expired"), cookie };
  const arrived =
    "provider" in lead
      ? await arriveFromEverybodys(call, deps, begun, lead)
      : await arriveFromCompany(call, deps, begun, lead);
  if (typeof arrived === "string") return { location: refusalPath(arrived), cookie };
  const { id, person, seen_user_id, seen_organization_id } = arrived;
  const code = deps.randomSecret();
  await deps.table.transact([
    deps.table.of(PLATFORM).writes.create(signInItem, {
      id,
      lead,
      purpose: "sign_in",
      status: "proved",
      app,
      code_hash: sha256(code),
      profile: person.profile,
      ...(seen_user_id === undefined ? {} : { seen_user_id }),
      ...(seen_organization_id === undefined ? {} : { seen_organization_id }),
      sealed_tokens: await sealed(person.tokens, id, deps),
      expires_at: timestamp(addSeconds(at, CODE_SECONDS)),
    }),
  ]);
  const parameters = { code: `${id}.${code}`, ...(app.state === "" ? {} : { state: app.state }) };
  return { location: withParameters(app.redirect_uri, parameters), cookie };
}

const sealed = (
  { access_token, refresh_token, expires_in }: HostedTokens,
  id: string,
  { secrets }: Pick<SignInDeps, "secrets">,
) => secrets.encrypt(JSON.stringify({ access_token, refresh_token, expires_in }), signInTokensContext(id));
