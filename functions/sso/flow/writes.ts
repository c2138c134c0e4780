import type { EventDraft } from "../../../shared/change/events.ts";
import { draft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { PLATFORM, poolAccountItem, type User } from "../../../shared/identity/items.ts";
import { stillJoins, stillProved } from "../../domains/public.ts";
import { acceptance, noLongerWorks } from "../../invitations/public.ts";
import { type Joining, joined, joinWrites } from "../../users/public.ts";
import { ssoEvents } from "../events.ts";
import { HISTORY_DAYS, type Place, type Profile } from "../model.ts";
import {
  connectionItem,
  type Identity,
  identityId,
  identityItem,
  type SignIn,
  type SignInRecord,
  signInRecordItem,
  userIdentityItem,
} from "../store.ts";
import type { Judged } from "./judge.ts";
import { taken } from "./proved.ts";
import type { Joins } from "./rules/decide.ts";

/** Part of the transaction of a sign-in. */
export interface Part {
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
}

/** The person at the provider becomes this user, with the account that the pool has of them. */
export function linking(
  table: Table,
  { connection }: Pick<Judged, "connection">,
  profile: Profile,
  user: Pick<User, "id">,
  linked_by: Identity["linked_by"],
  at: Date,
): Part & { readonly events: readonly [EventDraft]; readonly identity: Identity } {
  const { id: connection_id, organization_id } = connection;
  const platform = table.of(PLATFORM);
  const now = timestamp(at);
  const id = identityId(connection_id, profile.subject);
  const { sub, email } = profile;
  const identity: Identity = {
    ...{ id, connection_id, user_id: user.id, sub, email, linked_by },
    created_at: now,
    last_sign_in_at: now,
  };
  return {
    identity,
    writes: [
      table.of(organization_id).writes.create(identityItem, identity, lostRace),
      platform.writes.create(userIdentityItem, { user_id: user.id, id, organization_id, connection_id }),
      platform.writes.create(poolAccountItem, { sub, user_id: user.id }, taken),
    ],
    events: [
      draft(
        ssoEvents,
        "sso.identity_linked",
        { id },
        { identity_id: id, connection_id, provider: null, user_id: user.id },
      ),
    ],
  };
}

/**
 * Proves within the transaction that what was decided on still holds: the connection is active, and the domain that
 * vouches for the address is still the organization's, and lets people in where they come by it. Otherwise it is decided
 * anew.
 */
export function stillHolds(table: Table, { connection, domain, decision }: Judged): Write[] {
  const joinsByIt = decision.kind !== "refused" && decision.join?.via === "domain";
  return [
    table
      .of(connection.organization_id)
      .writes.check(connectionItem, { id: connection.id }, { equals: { status: "active" } }, lostRace),
    ...(domain === undefined ? [] : [(joinsByIt ? stillJoins : stillProved)(table, domain, lostRace)]),
  ];
}

/** A known identity has signed in again. */
export const seenAgain = (
  table: Table,
  { connection }: Pick<Judged, "connection">,
  { connection_id, id, user_id }: Identity,
  { email }: Profile,
  at: Date,
): Part => ({
  writes: [
    table
      .of(connection.organization_id)
      .writes.update(
        identityItem,
        { connection_id, id },
        { set: { email, last_sign_in_at: timestamp(at) } },
        { equals: { user_id } },
        lostRace,
      ),
  ],
  events: [],
});

/** How somebody comes to belong to the connection's organization. */
export async function joining(
  table: Table,
  { organization, membership, invitation }: Pick<Judged, "organization" | "membership" | "invitation">,
  { via, role, ruled = false }: Joins & { readonly ruled?: boolean },
  user: Pick<User, "id" | "name">,
  { at, primary }: { readonly at: Date; readonly primary: boolean },
): Promise<Part> {
  if (via === "invitation") {
    if (invitation === undefined) throw noLongerWorks();
    return acceptance(table, invitation, user, { at, before: membership, primary, role, ruled });
  }
  const join: Joining = { organization, user, role, ruled, joined_via: via, primary, inactive: lostRace, at };
  return {
    writes: joinWrites(table, join, membership),
    events: [joined(join)],
  };
}

/** The history of the connection: each sign-in ends once, in it too. */
export const remembered = (
  table: Table,
  { id, organization_id, connection_id }: Place & Pick<SignIn, "id">,
  end: Pick<SignInRecord, "outcome" | "reason" | "user_id" | "email">,
  { at, ip }: { readonly at: Date; readonly ip: string },
): Write =>
  table.of(organization_id).writes.create(signInRecordItem, {
    ...end,
    id,
    connection_id,
    ip,
    occurred_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, HISTORY_DAYS * 86_400)),
  });
