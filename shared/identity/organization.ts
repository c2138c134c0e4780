import type { TenantTable } from "../dynamo/table.ts";
import { AUDIT_DAYS, retentionOf } from "../limits/retention.ts";
import { organizationItem } from "./items.ts";

/** Days for which the audit trail is kept, where no caller is at hand who brings the organization. */
export async function auditDaysOf(table: TenantTable): Promise<number> {
  const organization = await table.get(organizationItem, {});
  return organization === undefined ? AUDIT_DAYS : retentionOf(organization).audit_days;
}
