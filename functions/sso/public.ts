import type { TenantTable } from "../../shared/dynamo/table.ts";
import { connectionItem } from "./store.ts";

/** What other rooms may use of sign-in providers. */

/** Ids of the organization's connections that give this role to people who come by them. */
export async function* connectionsGiving(tenant: TenantTable, role: string): AsyncGenerator<string> {
  for await (const { id, default_role, group_rules } of tenant.all(connectionItem, { of: {} }))
    if (default_role === role || group_rules.some((rule) => rule.role === role)) yield id;
}
