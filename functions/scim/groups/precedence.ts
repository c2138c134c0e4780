import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { type ScimSettings, type ScimUser, scimUserItem, settingsItem } from "../store.ts";

/** What is read to know whether the directory gives somebody their role. */
export const directoryReads = (own: TenantTable, user_id: string) =>
  [own.read(scimUserItem, { id: user_id }), own.read(settingsItem, {})] as const;

/** Whether the directory gives somebody their role: it describes them, and has rules. Then nothing else does by rule. */
export const givesRole = (described: ScimUser | undefined, settings: ScimSettings | undefined): boolean =>
  described !== undefined && settings !== undefined && settings.group_rules.length > 0;
