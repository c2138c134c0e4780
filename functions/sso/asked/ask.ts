import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { sha256 } from "../../../shared/hash.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { SignInDeps } from "../flow/deps.ts";
import { type Lead, SIGN_IN_SECONDS } from "../model.ts";
import { type SignIn, signInItem } from "../store.ts";

/** What it takes to ask: no way to the pool. */
export type AskDeps = Pick<SignInDeps, "table" | "randomSecret" | "origins" | "clients" | "registrations">;

/** A way to a provider that waits for a browser: who shows the ticket, once, is sent there. */
export interface Asked {
  readonly write: Write;
  readonly answer: { readonly id: string; readonly url: string; readonly expires_at: string };
}

/**
 * Lets a browser set out that has no token: a page opens the address, which works once. Whoever else opens it gets
 * nothing by it: what comes of it is given to the session that has asked.
 */
export function ask(
  { table, randomSecret }: AskDeps,
  lead: Lead,
  wanted: Pick<SignIn, "purpose" | "app" | "asked_by">,
  { at, origin }: { readonly at: Date; readonly origin: string },
): Asked {
  const id = newId("sso_sign_in", at);
  const secret = randomSecret();
  const expires_at = timestamp(addSeconds(at, SIGN_IN_SECONDS));
  return {
    write: table.of(PLATFORM).writes.create(signInItem, {
      id,
      lead,
      ...wanted,
      status: "asked",
      code_hash: sha256(secret),
      expires_at,
    }),
    answer: { id, url: `${origin}/api/v1/sso/begin?ticket=${id}.${secret}`, expires_at },
  };
}
