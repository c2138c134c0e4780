import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { addSeconds, type Clock } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { type DueWork, PutOff } from "../../../shared/due/work.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { auditEvents } from "../events.ts";
import { latestHead, treeItem } from "../tree/store.ts";
import { auditTelling } from "./store.ts";

/** Entries got numbers at this moment: their head is told of instead. */
const RACED_SECONDS = 5;

/**
 * `audit_telling`: tells of the newest head. Every head before it is part of what it proves, so that whoever keeps those that
 * are told misses nothing.
 */
export async function tellHead(
  { tenant: id }: Due,
  deps: { readonly table: Table; readonly clock: Clock },
): ReturnType<DueWork> {
  const { table, clock } = deps;
  const tenant = table.of(id);
  const tree = await tenant.get(treeItem, {});
  if (tree?.telling !== true) return undefined;
  const head = await latestHead(tenant);
  if (head === undefined) return undefined;
  const at = clock.now();
  // It leaves no entry, which would have to be kept for some time.
  const context = systemContext(id, auditTelling.kind, at, 0);
  const told = { equals: { size: head.size, telling: true } };
  try {
    await commitChange(table, context, {
      writes: [tenant.writes.update(treeItem, {}, { set: { telling: false } }, told, () => lostRace())],
      events: [draft(auditEvents, "audit.head_signed", { id }, head)],
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    // Another worker has told of it, or there are more entries.
    const now = await tenant.get(treeItem, {});
    return now?.telling === true ? new PutOff(addSeconds(at, RACED_SECONDS)) : undefined;
  }
}
