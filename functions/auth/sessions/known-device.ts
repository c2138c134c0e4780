import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { ItemOf } from "../../../shared/dynamo/item.ts";
import type { Read, Table } from "../../../shared/dynamo/table.ts";
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

const placeIn = (account: string, token: string) => ({ account, place: placeOf("device", account, token) });

/** What is read to know a device that is shown: of the account with this address. */
export const readDevice = (table: Table, email: string, shown: string): Read<typeof knownPlaceItem> =>
  table.of(PLATFORM).read(knownPlaceItem, placeIn(accountOf(email), shown));

/** What was read of a device, and of whose account. */
export interface DeviceRead {
  readonly email: string;
  readonly found: ItemOf<typeof knownPlaceItem> | undefined;
}

/**
 * The device of somebody whom a provider has proved, known by what it has kept from an earlier sign-in. One that shows
 * nothing, or something that the account does not know, is a new one: nothing is read for the first, nor for what was
 * read already.
 */
export async function deviceOfSignIn(
  { table, randomSecret }: Pick<AuthDeps, "table" | "randomSecret">,
  { email }: Pick<User, "email">,
  shown: string | undefined,
  at: Date,
  read?: DeviceRead,
): Promise<KnownDevice> {
  const platform = table.of(PLATFORM);
  const account = accountOf(email);
  const found =
    shown === undefined || read?.email === email
      ? read?.found
      : await platform.get(knownPlaceItem, placeIn(account, shown));
  const known = shown !== undefined && found !== undefined && Date.parse(found.expires_at) > at.getTime();
  const token = known ? shown : randomSecret();
  const expires_at = timestamp(addSeconds(at, PLACE_KNOWN_SECONDS));
  return { token, known, write: platform.writes.put(knownPlaceItem, { ...placeIn(account, token), expires_at }) };
}
