import { serviceAccountItem } from "../../../shared/access/keys/items.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";

/** Ids of the service accounts that have this role. */
export async function* accountsWith(tenant: TenantTable, role: string): AsyncGenerator<string> {
  for await (const account of tenant.all(serviceAccountItem, { of: {} })) if (account.role === role) yield account.id;
}
