import type { AuditEntry } from "../../../shared/change/items.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { TimeRange } from "../../../shared/http/time-range.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { csvHeader, csvRow } from "../model.ts";
import { allEntries } from "../store.ts";
import { ocsfEvent } from "./rules/ocsf.ts";

/** Formats that other programs read, an entry a line; nothing in them proves anything. */
const forms = {
  csv: { header: csvHeader, line: csvRow },
  ocsf: { header: "", line: (entry: AuditEntry) => `${JSON.stringify(ocsfEvent(entry))}\n` },
} as const;

/** The lines of an export for a spreadsheet or a collector, oldest first, as the table is read. */
export async function* plainLines(
  format: keyof typeof forms,
  tenant: TenantTable,
  organization: Organization,
  range: TimeRange,
  now: Date,
): AsyncGenerator<string> {
  const { header, line } = forms[format];
  yield header;
  for await (const entry of allEntries(tenant, organization, range, now)) yield line(entry);
}
