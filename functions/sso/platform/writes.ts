import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { PLATFORM, poolAccountItem, type User } from "../../../shared/identity/items.ts";
import type { PlatformProvider } from "../../../shared/identity/platform-providers.ts";
import { ssoEvents } from "../events.ts";
import type { SignInDeps } from "../flow/deps.ts";
import { taken } from "../flow/proved.ts";
import type { Profile } from "../model.ts";
import { identityId, type PlatformIdentity, platformIdentityItem } from "../store.ts";
import type { PlatformRegistrations } from "./clients.ts";

/** The person at a provider that is everybody's becomes this user, with the account that the pool has of them. */
export function linkingEverybodys(
  { table, registrations }: Pick<SignInDeps, "table" | "registrations">,
  provider: PlatformProvider,
  { subject, sub, email }: Profile,
  { id: user_id }: Pick<User, "id">,
  linked_by: PlatformIdentity["linked_by"],
  at: Date,
) {
  const { writes } = table.of(PLATFORM);
  const now = timestamp(at);
  const id = identityId(provider, subject);
  const identity: PlatformIdentity = {
    ...{ id, provider, user_id, sub, email, linked_by },
    created_at: now,
    last_sign_in_at: now,
    ...known(registrations, provider),
  };
  const data = { identity_id: id, connection_id: null, provider, user_id };
  return {
    identity,
    writes: [
      writes.create(platformIdentityItem, identity, taken),
      writes.create(poolAccountItem, { sub, user_id }, taken),
    ],
    events: [draft(ssoEvents, "sso.identity_linked", { id }, data)],
  } as const;
}

/** By which registration the provider knows somebody, where that counts. */
const known = (registrations: PlatformRegistrations, provider: PlatformProvider) => {
  const registration = registrations[provider];
  return registration === undefined ? {} : { registration };
};

/** Somebody who is known has signed in again. */
export const seenEverybodys = (
  { table, registrations }: Pick<SignInDeps, "table" | "registrations">,
  provider: PlatformProvider,
  { subject, email }: Profile,
  user_id: string,
  at: Date,
): Write =>
  table
    .of(PLATFORM)
    .writes.update(
      platformIdentityItem,
      { user_id, id: identityId(provider, subject) },
      { set: { email, last_sign_in_at: timestamp(at), ...known(registrations, provider) } },
      { present: ["sub"] },
      lostRace,
    );
