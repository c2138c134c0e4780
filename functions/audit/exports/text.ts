import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { TimeRange } from "../../../shared/http/time-range.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { csvHeader, csvRow, jsonLine } from "../model.ts";
import { allEntries } from "../store.ts";

/** Characters that are sent as one piece: enough that sending costs little, little enough that the first comes soon. */
const PIECE = 32_768;

/** The text of an export, piece by piece as the table is read. */
export async function* exportText(
  tenant: TenantTable,
  organization: Organization,
  query: TimeRange & { readonly format: "jsonl" | "csv" },
  now: Date,
): AsyncGenerator<string> {
  const line = query.format === "csv" ? csvRow : jsonLine;
  let piece = query.format === "csv" ? csvHeader : "";
  for await (const entry of allEntries(tenant, organization, query, now)) {
    piece += line(entry);
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
