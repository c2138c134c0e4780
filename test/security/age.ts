import { PLATFORM, type Session, sessionItem } from "../../shared/identity/items.ts";
import { claimsOf } from "../support/auth.ts";
import { stackTable } from "../support/stack.ts";

/** Makes times of the session behind a token so many minutes old. */
export async function age(
  token: string,
  minutes: { readonly [K in keyof Session & `${string}_at`]?: number },
): Promise<void> {
  const { sub = "", origin_jti = "" } = claimsOf(token);
  const set = Object.fromEntries(
    Object.entries(minutes).map(([name, ago]) => [name, new Date(Date.now() - ago * 60_000).toISOString()]),
  );
  const platform = stackTable().of(PLATFORM);
  await platform.transact([platform.writes.update(sessionItem, { sub, origin_jti }, { set })]);
}
