import { type AuditEntry, auditItem } from "../../shared/change/items.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import type { ApiAnswer } from "../support/api.ts";
import { stackTable } from "../support/stack.ts";

/** Entries that are looked at, newest first: those of one request are among the newest. */
const NEWEST = 60;

/** The entries that a request has left in the trail of an organization, or of the platform. */
export async function entriesOf({ headers }: Pick<ApiAnswer, "headers">, organization: string): Promise<AuditEntry[]> {
  const id = headers.get("x-request-id");
  const now = new Date();
  // A request may have begun in the month before.
  const months = [now, new Date(now.getTime() - 60_000)].map((at) => at.toISOString().slice(0, 7));
  const found: AuditEntry[] = [];
  for (const tenant of [organization, PLATFORM])
    for (const month of new Set(months)) {
      const page = { of: { month }, newest_first: true, limit: NEWEST };
      found.push(...(await stackTable().of(tenant).page(auditItem, page)).items);
    }
  return found.filter(({ request }) => request?.id === id);
}

/** What the entries say has happened, each once. */
export const happened = (entries: readonly AuditEntry[]): string[] =>
  entries.map(({ action, resource }) => `${action} ${resource.type} ${resource.id}`).toSorted();
