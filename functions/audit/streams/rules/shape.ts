import type { AuditEntry } from "../../../../shared/change/items.ts";
import { ocsfEvent } from "../../exports/rules/ocsf.ts";
import type { StreamFormat } from "../model.ts";
import type { Numbered } from "./sent.ts";

/** An entry as a stream sends it: as `GET /audit/logs/{audit_id}` shows it, or as an event of OCSF, with its number in either. */
export function numbered(entry: AuditEntry, sequence: number, format: StreamFormat): Numbered {
  const { occurred_at, action } = entry;
  const shown = format === "native" ? { ...entry, sequence } : ocsfEvent(entry, sequence);
  return { sequence, occurred_at, action, text: JSON.stringify(shown) };
}

/** The action of what a test sends. No entry has it. */
export const TEST_ACTION = "audit_stream.test";

/** What a test sends: marked, without a number, and of the shape of an entry. */
export function marked(entry: AuditEntry, format: StreamFormat): Numbered {
  const { occurred_at, action } = entry;
  const shown = format === "native" ? { ...entry, sequence: null, test: true } : { ...ocsfEvent(entry), test: true };
  return { sequence: 0, occurred_at, action, text: JSON.stringify(shown) };
}
