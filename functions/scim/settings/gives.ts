import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { settingsItem } from "../store.ts";

/** Whether people whom the company's directory brings get this role, or would by one of its groups. */
export async function directoryGives(tenant: TenantTable, role: string): Promise<boolean> {
  const settings = await tenant.get(settingsItem, {});
  return settings?.default_role === role || settings?.group_rules.some((rule) => rule.role === role) === true;
}
