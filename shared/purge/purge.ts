import type { Files } from "../blobs/files.ts";
import { versionFiles } from "../blobs/purposes.ts";
import { commitChange, systemContext } from "../change/commit.ts";
import type { EventDraft } from "../change/events.ts";
import { addSeconds, type Clock } from "../clock.ts";
import type { DueKind } from "../due/due.ts";
import { type DueWork, PutOff } from "../due/work.ts";
import { type Removal, removeAll } from "../dynamo/removals.ts";
import type { Table, TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { organizationItem } from "../identity/items.ts";
import { auditDaysOf } from "../identity/organization.ts";

/**
 * How long after its claim a thing is erased: a request that had read it before is over by then, so nothing is written
 * behind the back of what erases it. Longer than any function may write what belongs to one without looking at it again: who
 * works for longer looks before each part of its work (functions/agents/retrieval/claim.ts).
 */
const QUIET_SECONDS = 180;

/** Others change it at the moment of its claim, or still refer to it: looked at again after this. */
const RACED_SECONDS = 60;
const HELD_SECONDS = 86_400;

/** What can be archived, and is erased when nobody has restored it in time. */
export interface Purgeable {
  readonly id: string;
  /** Archived: it can be restored. Purging: nothing but its end is left. Anything else: there is nothing to do. */
  readonly status: string;
  /** When it comes to an end, or to its next step there. */
  readonly purge_at: string | null;
}

/** How one noun is erased. */
export interface PurgeOf<T extends Purgeable> {
  readonly due: DueKind;
  find(table: TenantTable, id: string): Promise<T | undefined>;
  /**
   * The write that moves the end of a thing, archived still as it was read, to which something in use refers: it stays
   * until that is over. Undefined for one to which nothing does.
   */
  postpone?(table: TenantTable, thing: T, until: Date): Write | undefined;
  /**
   * Makes an archived thing one that is `purging`, if it is as it was read and nothing refers to it, and takes it out of
   * all lists but its own. One transaction: whoever restores it at this moment has won, or has lost.
   */
  claim(table: TenantTable, thing: T, at: Date, erase_at: Date): Write[];
  /** Every item that belongs to it, but for itself. */
  belongings(table: TenantTable, thing: T): AsyncIterable<Removal>;
  /** The end: itself, and what tells of it. */
  end(table: TenantTable, thing: T): { readonly write: Write; readonly event: EventDraft };
}

export interface PurgeDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly files: Pick<Files, "removeAll">;
}

/**
 * Erases what is archived when its time has come: claimed, left alone until nothing of before is under way, then its
 * items, its files, and last itself with audit entry and event. Each step can be broken off and done again: what is left
 * is found by the thing, which goes last.
 */
export const purgeWork =
  <T extends Purgeable>(noun: PurgeOf<T>, deps: PurgeDeps): DueWork =>
  async ({ tenant, ref }) => {
    const table = deps.table.of(tenant);
    const thing = await noun.find(table, ref);
    const at = deps.clock.now();
    if (thing === undefined || thing.purge_at === null) return undefined;
    const time = new Date(thing.purge_at);
    if (time > at) return time;
    if (thing.status === "purging") {
      await erase(noun, table, thing, at, deps);
      return undefined;
    }
    if (thing.status !== "archived") return undefined;
    const later = addSeconds(at, HELD_SECONDS);
    const organization = await table.get(organizationItem, {});
    // Nobody can restore anything there now; a day at most after it is active again, the end comes.
    if (organization?.status !== "active") return later;
    const held = noun.postpone?.(table, thing, later);
    const erase_at = addSeconds(at, QUIET_SECONDS);
    try {
      await table.transact(held === undefined ? noun.claim(table, thing, at, erase_at) : [held]);
      return held === undefined ? erase_at : later;
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      return new PutOff(addSeconds(at, RACED_SECONDS));
    }
  };

async function erase<T extends Purgeable>(
  noun: PurgeOf<T>,
  table: TenantTable,
  thing: T,
  at: Date,
  deps: PurgeDeps,
): Promise<void> {
  await removeAll(table, noun.belongings(table, thing));
  await deps.files.removeAll(versionFiles(table.tenant, thing.id));
  const { write, event } = noun.end(table, thing);
  const context = systemContext(table.tenant, noun.due.kind, at, await auditDaysOf(table));
  try {
    await commitChange(table.table, context, { writes: [write], events: [event] });
  } catch (error) {
    // Somebody else did the same at the same moment.
    if (!(error instanceof Problem) || error.code !== "not_found") throw error;
  }
}
