import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { TimeRange } from "../../../shared/http/time-range.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { csvHeader, csvRow } from "../model.ts";
import { allEntries } from "../store.ts";

/** The rows of an export for a spreadsheet, oldest first, as the table is read. */
export async function* csvRows(
  tenant: TenantTable,
  organization: Organization,
  range: TimeRange,
  now: Date,
): AsyncGenerator<string> {
  yield csvHeader;
  for await (const entry of allEntries(tenant, organization, range, now)) yield csvRow(entry);
}
