import type { Table } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { badReference } from "../errors.ts";
import { membershipItem } from "./items.ts";

/** Proves within a transaction that a user is an active member of the organization. */
export const activeMember = (table: Table, tenant: string, user_id: string, path: string): Write =>
  table
    .of(tenant)
    .writes.check(membershipItem, { user_id }, { equals: { status: "active" } }, () =>
      badReference(path, "is not an active member of this organization"),
    );
