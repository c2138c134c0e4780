import * as z from "zod";
import type { OutcomeWord } from "../../shared/change/events.ts";
import { type AuditEntry, auditEntrySchema } from "../../shared/change/items.ts";
import type { Issue } from "../../shared/errors.ts";
import { isOrdered, OUT_OF_ORDER, type TimeRange } from "../../shared/http/time-range.ts";
import { foldText } from "../../shared/text.ts";

export const exportFormatSchema = z.enum(["jsonl", "csv", "ocsf"]).meta({ id: "AuditExportFormat" });
type ExportFormat = z.output<typeof exportFormatSchema>;

/** Content type of each format of an export, and with what the name of its file ends. */
export const exportFiles = {
  jsonl: { content_type: "application/x-ndjson", extension: "jsonl" },
  csv: { content_type: "text/csv; charset=utf-8; header=present", extension: "csv" },
  ocsf: { content_type: "application/x-ndjson", extension: "ocsf.jsonl" },
} as const satisfies Record<ExportFormat, { readonly content_type: string; readonly extension: string }>;

/** An entry as the API shows it. */
export const entrySchema = auditEntrySchema
  .extend({
    sequence: z.int().min(0).nullable().meta({
      description:
        "Its number, which is its place in the organization's tree: without a gap, from 0. Null for some seconds, until it has one.",
    }),
  })
  .meta({ id: "AuditEntry", description: "One thing that somebody did, or was refused." });

export const monthOf = (time: string): string => time.slice(0, 7);

/** The month before: `2026-01` → `2025-12`. */
export const monthBefore = (month: string): string => shift(month, -1);
export const monthAfter = (month: string): string => shift(month, 1);

function shift(month: string, by: number): string {
  const date = new Date(`${month}-01T00:00:00.000Z`);
  date.setUTCMonth(date.getUTCMonth() + by);
  return date.toISOString().slice(0, 7);
}

/** The months that a range can have entries in: none before the organization was, none after now. */
export function monthsOf(
  range: TimeRange,
  founded: string,
  now: Date,
): { readonly oldest: string; readonly newest: string } {
  const utc = (time: string | undefined) => (time === undefined ? undefined : new Date(time).toISOString());
  const from = utc(range.from);
  const to = utc(range.to);
  const latest = now.toISOString();
  return {
    oldest: monthOf(from !== undefined && from > founded ? from : founded),
    newest: monthOf(to !== undefined && to < latest ? to : latest),
  };
}

export interface Filters extends TimeRange {
  readonly actor?: string | undefined;
  readonly resource_type?: string | undefined;
  readonly resource_id?: string | undefined;
  readonly action?: string | undefined;
}

/** Filters that are no index: entries are read by the others, and looked at. */
export interface Looks {
  readonly outcome?: OutcomeWord | undefined;
  /** Part of the name of what an entry is about, however it is written. */
  readonly name?: string | undefined;
}

/** Whether an entry is one that is looked for. */
export function looksFor({ outcome, name }: Looks): (entry: Pick<AuditEntry, "outcome" | "resource">) => boolean {
  const part = name === undefined ? undefined : foldText(name);
  return (entry) =>
    (outcome === undefined || entry.outcome === outcome) &&
    (part === undefined || foldText(entry.resource.name ?? "").includes(part));
}

/** What is wrong with a combination of filters. Each filter is an index of its own, so no two combine. */
export function filterIssues(filters: Filters): Issue[] {
  const issues: Issue[] = [];
  const given = (["actor", "resource_type", "action"] as const).filter((name) => filters[name] !== undefined);
  for (const name of given.slice(1))
    issues.push({ path: `query.${name}`, message: `cannot be combined with ${given[0]}` });
  if ((filters.resource_type === undefined) !== (filters.resource_id === undefined)) {
    const missing = filters.resource_type === undefined ? "resource_type" : "resource_id";
    issues.push({ path: `query.${missing}`, message: "is needed: a resource is named by its type and its id" });
  }
  if (!isOrdered(filters)) issues.push(OUT_OF_ORDER);
  return issues;
}

const columns = {
  id: (e) => e.id,
  occurred_at: (e) => e.occurred_at,
  actor_type: (e) => e.actor.type,
  actor_id: (e) => e.actor.id,
  action: (e) => e.action,
  resource_type: (e) => e.resource.type,
  resource_id: (e) => e.resource.id,
  resource_name: (e) => e.resource.name ?? "",
  outcome: (e) => e.outcome,
  reason: (e) => e.reason ?? "",
  request_id: (e) => e.request?.id ?? "",
  method: (e) => e.request?.method ?? "",
  path: (e) => e.request?.path ?? "",
  ip: (e) => e.request?.ip ?? "",
  user_agent: (e) => e.request?.user_agent ?? "",
  changes: (e) => (e.changes.length === 0 ? "" : JSON.stringify(e.changes)),
} as const satisfies Record<string, (entry: AuditEntry) => string>;

/**
 * One cell by RFC 4180. A spreadsheet runs what begins like a formula, also where the sign is
 * written full-width, so that gets an apostrophe in front.
 */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const row = (cells: readonly string[]): string => `${cells.map(csvCell).join(",")}\r\n`;

/** Begins with a byte order mark: without it Excel reads a file in the machine's own charset. */
export const csvHeader = `\ufeff${row(Object.keys(columns))}`;
export const csvRow = (entry: AuditEntry): string => row(Object.values(columns).map((cell) => cell(entry)));
