import * as z from "zod";
import type { Profile } from "../model.ts";
import { type SignIn, signInTokensContext } from "../store.ts";
import type { SignInDeps } from "./deps.ts";

const keptTokens = z.object({ access_token: z.string(), refresh_token: z.string(), expires_in: z.number() });
const claimsOfAccess = z.object({ origin_jti: z.string(), client_id: z.string() });

export type PoolTokens = Awaited<ReturnType<typeof poolTokens>>;

/** The pool's tokens that a proved sign-in has kept, as `auth` keeps them. */
export async function poolTokens(
  { signIn, profile: { sub } }: { readonly signIn: SignIn; readonly profile: Profile },
  { secrets }: Pick<SignInDeps, "secrets">,
) {
  const { id, sealed_tokens } = signIn;
  if (sealed_tokens === undefined) throw new Error(`${id} is proved and has no tokens`);
  const kept = keptTokens.parse(JSON.parse(await secrets.decrypt(sealed_tokens, signInTokensContext(id))));
  const payload = Buffer.from(kept.access_token.split(".")[1] ?? "", "base64url").toString("utf8");
  return { sub, ...kept, ...claimsOfAccess.parse(JSON.parse(payload)) };
}
