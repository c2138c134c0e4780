import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Redirect } from "../../../shared/http/operation.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { companysProvider, everybodysProvider } from "../linking/providers.ts";
import { CODE_SECONDS, type Refusal } from "../model.ts";
import { placeOf, type SignIn, signInItem } from "../store.ts";
import { tried } from "../trial/tried.ts";
import { arrive } from "./arrive.ts";
import type { SignInDeps } from "./deps.ts";
import type { signInOperations } from "./operations.ts";
import { refusalPath } from "./page.ts";
import { personOf } from "./person.ts";
import { ending } from "./refused.ts";
import { begunIn } from "./rules/begun.ts";
import { noCookie, secretIn } from "./rules/browser.ts";
import { withParameters } from "./rules/redirects.ts";

type Callback = (typeof signInOperations)["callback"];

/** What somebody has asked for, begun in this browser. Another browser's, an old or a used one is none. */
async function askedOf(id: string, { cookies, at }: Call<Callback>, { table }: SignInDeps) {
  const secret = secretIn(cookies, id);
  if (secret === undefined) return undefined;
  const signIn = await table.of(PLATFORM).get(signInItem, { id });
  const live = signIn?.status === "started" && Date.parse(signIn.expires_at) > at.getTime();
  return live && signIn.browser_hash === sha256(secret) ? { signIn, secret } : undefined;
}

/** Takes somebody back from the pool, to what their browser has begun. */
export async function callback(call: Call<Callback>, deps: SignInDeps): Promise<Redirect> {
  const id = call.query.state ?? "";
  const expired = { location: refusalPath("expired") };
  if (!/^ssn_[0-9A-HJKMNP-TV-Z]{26}$/.test(id)) return expired;
  const found = begunIn(call.cookies, id);
  if (found !== undefined) return arrive(call, deps, found);
  const asked = await askedOf(id, call, deps);
  if (asked === undefined) return expired;
  const { signIn } = asked;
  const place = placeOf(signIn);
  const { app } = signIn;
  if (app !== null) return linked(call, deps, { ...asked, app });
  return place === undefined ? expired : tried(call, deps, { ...asked, place });
}

interface Linked {
  readonly signIn: SignIn;
  readonly app: NonNullable<SignIn["app"]>;
  readonly secret: string;
}

/** Gives a code to the app of whoever has asked for a link. Nothing is opened by it: the pool's tokens end here. */
async function linked(call: Call<Callback>, deps: SignInDeps, { signIn, app, secret }: Linked) {
  const { query, at } = call;
  const { table } = deps;
  const { lead } = signIn;
  const cookie = noCookie(signIn.id);
  const provider =
    "provider" in lead
      ? everybodysProvider(call, deps, { signIn, lead })
      : await companysProvider(call, deps, { signIn, lead });
  const refuse = async (reason: Refusal, email: string | null = null): Promise<Redirect> => {
    await provider.refused(reason, email, [ending(table, signIn)]);
    return { location: refusalPath(reason), cookie };
  };
  if (provider.way === null) return refuse("connection_inactive");
  if (query.code === undefined) return refuse("provider_refused");
  const person = await personOf(query.code, secret, provider.way, deps);
  if (person === undefined) return refuse("provider_failed");
  const { profile } = person;
  const reason = await provider.refusal(signIn, profile);
  if (reason !== undefined) return refuse(reason, profile.email);
  const code = deps.randomSecret();
  await table.transact([
    table.of(PLATFORM).writes.transition(
      signInItem,
      { id: signIn.id },
      {
        from: ["started"],
        set: {
          status: "proved",
          code_hash: sha256(code),
          profile,
          expires_at: timestamp(addSeconds(at, CODE_SECONDS)),
        },
      },
      () => new Problem("conflict", "This sign-in has been used already. Begin again."),
    ),
  ]);
  const parameters = { code: `${signIn.id}.${code}`, ...(app.state === "" ? {} : { state: app.state }) };
  return { location: withParameters(app.redirect_uri, parameters), cookie };
}
