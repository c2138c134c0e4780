import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";

/** That the list of organizations is as it was read. */
const asRead = ({ break_glass_in }: User) =>
  break_glass_in === undefined ? { absent: ["break_glass_in"] } : { equals: { break_glass_in } };

/**
 * Lets a user know that they are named. The epoch rises: a sign-in whose password was proved before tells nobody, and
 * opens no session.
 */
export const naming = (table: Table, user: User, organization_id: string): Write =>
  table
    .of(PLATFORM)
    .writes.update(
      userItem,
      { id: user.id },
      { set: { break_glass_in: [...(user.break_glass_in ?? []), organization_id] }, add: { epoch: 1 } },
      { all: [asRead(user), { equals: { status: "active", has_password: true }, present: ["mfa_enabled_at"] }] },
      lostRace,
    );

/** They are the one no longer. */
export const noLonger = (table: Table, user: User, organization_id: string): Write =>
  table
    .of(PLATFORM)
    .writes.update(
      userItem,
      { id: user.id },
      { set: { break_glass_in: (user.break_glass_in ?? []).filter((id) => id !== organization_id) } },
      asRead(user),
      lostRace,
    );
