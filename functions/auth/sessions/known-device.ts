import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { PLATFORM, type User } from "../../../shared/identity/items.ts";
import type { AuthDeps } from "../deps.ts";
import { accountOf, PLACE_KNOWN_SECONDS, placeOf } from "../throttle/model.ts";
import { knownPlaceItem } from "../throttle/store.ts";

/** The device of a sign-in: what it keeps, whether the account knows it, and the write by which it does from then on. */
export interface KnownDevice {
  readonly token: string;
  readonly known: boolean;
  readonly write: Write;
}

/**
 * The device of somebody whom a provider has proved, known by what it has kept from an earlier sign-in. One that shows
 * nothing, or something that the account does not know, is a new one: nothing is read for the first.
 */
export async function deviceOfSignIn(
  { table, randomSecret }: Pick<AuthDeps, "table" | "randomSecret">,
  { email }: Pick<User, "email">,
  shown: string | undefined,
  at: Date,
): Promise<KnownDevice> {
  const platform = table.of(PLATFORM);
  const account = accountOf(email);
  const place = (token: string) => placeOf("device", account, token);
  const found = shown === undefined ? undefined : await platform.get(knownPlaceItem, { account, place: place(shown) });
  const known = found !== undefined && Date.parse(found.expires_at) > at.getTime();
  const token = known && shown !== undefined ? shown : randomSecret();
  const expires_at = timestamp(addSeconds(at, PLACE_KNOWN_SECONDS));
  return { token, known, write: platform.writes.put(knownPlaceItem, { account, place: place(token), expires_at }) };
}
