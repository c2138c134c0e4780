import { draft } from "../../shared/change/events.ts";
import { timestamp } from "../../shared/clock.ts";
import type { Page, TenantTable } from "../../shared/dynamo/table.ts";
import { notFound } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import { rechecked } from "../../shared/http/heartbeat.ts";
import { invalid } from "../../shared/http/parse.ts";
import { holding, leased, takeLease } from "../../shared/limits/leases.ts";
import type { AuditDeps, ExportDeps } from "./deps.ts";
import { auditEvents } from "./events.ts";
import { plainLines } from "./exports/plain.ts";
import { provable } from "./exports/provable.ts";
import { type Line, lineText } from "./exports/rules/lines.ts";
import { inPieces } from "./exports/text.ts";
import { exportFiles, type Filters, filterIssues } from "./model.ts";
import type { operations } from "./operations.ts";
import { room } from "./room.ts";
import { pageByIndex, pageOfAll } from "./store.ts";
import { numbersOf } from "./tree/store.ts";

export { downloadCopy } from "./copies/download.ts";
export { getCopy, listCopies } from "./copies/handlers.ts";
export { getHold, listHolds, placeHold, releaseHold } from "./holds/handlers.ts";
export { erasePerson, getPersonErasure } from "./persons/handlers.ts";
export { keys, latestHead, listHeads, prove, proveConsistency } from "./tree/handlers.ts";

type Ops = typeof operations;

/** A page with the numbers of its entries, which are read in one batch: an entry itself is never changed. */
async function withNumbers<E extends { readonly id: string }>(tenant: TenantTable, { items, next_cursor }: Page<E>) {
  const ids = items.map(({ id }) => id);
  const numbers = ids.length === 0 ? [] : await numbersOf(tenant, ids);
  return { items: items.map((entry, i) => ({ ...entry, sequence: numbers[i] ?? null })), next_cursor };
}

function requireFilters(filters: Filters): void {
  const issues = filterIssues(filters);
  if (issues.length > 0) throw invalid(issues);
}

export const list: Handler<Ops["list"], AuditDeps> = async ({ caller, query, at }, { table }) => {
  requireFilters(query);
  const tenant = table.of(caller.organization.id);
  const { actor, resource_type, resource_id, action } = query;
  const page = () => {
    if (actor !== undefined) return pageByIndex(tenant, { index: "gsi1", of: { actor_key: actor } }, query);
    if (resource_type !== undefined)
      return pageByIndex(tenant, { index: "gsi2", of: { resource_key: `${resource_type}:${resource_id}` } }, query);
    if (action !== undefined) return pageByIndex(tenant, { index: "gsi3", of: { action } }, query);
    return pageOfAll(tenant, caller.organization, query, at);
  };
  return withNumbers(tenant, await page());
};

export const get: Handler<Ops["get"], AuditDeps> = async (call, { table }) => {
  const entry = await call.load();
  const [sequence] = await numbersOf(table.of(call.context.tenant), [entry.id]);
  return { ...entry, sequence: sequence ?? null };
};

/** Also of somebody who is no longer a member; never of somebody who was none. */
export const listOfUser: Handler<Ops["listOfUser"], AuditDeps> = async (call, { table }) => {
  const { query } = call;
  requireFilters(query);
  const { user_id } = await call.load();
  const by = { index: "gsi1", of: { actor_key: `user:${user_id}` } } as const;
  const tenant = table.of(call.context.tenant);
  return withNumbers(tenant, await pageByIndex(tenant, by, query));
};

/**
 * Every resource has at least the entry of its creation, deleted ones too. One without any entry at all is unknown,
 * the same whether it never was or is another organization's.
 */
export const listOfResource: Handler<Ops["listOfResource"], AuditDeps> = async ({ caller, path, query }, { table }) => {
  requireFilters(query);
  const tenant = table.of(caller.organization.id);
  const by = { index: "gsi2", of: { resource_key: `${path.resource_type}:${path.resource_id}` } } as const;
  const page = await pageByIndex(tenant, by, query);
  if (page.items.length === 0 && (await pageByIndex(tenant, by, { limit: 1 })).items.length === 0) throw notFound();
  return withNumbers(tenant, page);
};

/** An export ends with its function, and holds its place no longer. */
const EXPORT_SECONDS = room.functions.stream.timeout_seconds;

/**
 * The entry of the export is committed before the first byte leaves, and is part of an export that reaches to now. An
 * export holds a place among the plan's streams; one that finds none leaves no entry.
 */
export const exportLogs: Handler<Ops["exportLogs"], ExportDeps> = async (call, deps) => {
  const { table, clock, log } = deps;
  const { caller, query, at } = call;
  requireFilters(query);
  const { format, from, to } = query;
  const { id, name, plan } = caller.organization;
  const own = table.of(id);
  const data = { format, from: from ?? null, to: to ?? null };
  const stamp = timestamp(at).slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_");
  const lease = await takeLease(own, plan, "streams", EXPORT_SECONDS, () => clock.now());
  const lines = () => {
    if (format !== "jsonl") return plainLines(format, own, caller.organization, query, at);
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const key = async () => (await deps.key.public()).pem;
    return texts(provable(caller.organization, query, at, { tenant: own, clock, pause, key }));
  };
  const content = rechecked(call, () => inPieces(lines()));
  return holding(lease, () =>
    call.commit(
      { writes: [], events: [draft(auditEvents, "audit.exported", { id, name }, data)] },
      {
        content_type: exportFiles[format].content_type,
        filename: `audit_logs_${stamp}.${exportFiles[format].extension}`,
        content: leased(lease, content, log),
      },
    ),
  );
};

async function* texts(lines: AsyncIterable<Line>): AsyncGenerator<string> {
  for await (const line of lines) yield lineText(line);
}
