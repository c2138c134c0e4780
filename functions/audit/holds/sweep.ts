import type { LockedFiles } from "../../../shared/blobs/locked.ts";
import { addSeconds, type Clock } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { DueWork } from "../../../shared/due/work.ts";
import type { Page, Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { rereading, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Copy, copyItem } from "../copies/store.ts";
import { auditHolding, HOLDING, type Holds, holdsItem, isHeld } from "./store.ts";

export interface SweepDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly files: Pick<LockedFiles, "hold">;
  /** Begins a call's work; what it gives says whether there is time for more, or the rest is left to the next call. */
  readonly budget: () => () => boolean;
}

/** Copies that are looked at together. */
const PAGE = 50;

/** Whoever was faster is done after this. */
const RACED_SECONDS = 5;

/**
 * `audit_holding`: makes every copy be held, or not held, as the organization's holds say. First the file, then what the table
 * says of it, so that nothing is said to be held that is not.
 * @returns when to go on; undefined when all are
 */
export async function sweepHolds({ tenant: id }: Due, deps: SweepDeps): ReturnType<DueWork> {
  const { table, clock, files } = deps;
  const tenant = table.of(id);
  const more = deps.budget();
  let holds = await tenant.get(holdsItem, {});
  if (holds === undefined) return undefined;
  const on = isHeld(holds);
  const from = holds.swept_to ?? undefined;
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: Page<Copy> = await tenant.page(copyItem, { of: {}, from, limit: PAGE, cursor });
    const wrong = page.items.filter(({ on_hold }) => on_hold !== on);
    // Also those that the table says are right: whoever died or was too late may have left their files otherwise.
    await Promise.all(page.items.map(({ object }) => files.hold(object, on)));
    const last = page.items.at(-1);
    if (last === undefined) return undefined;
    try {
      const writes = [...wrong.map((copy) => heldWrite(tenant, copy, on)), sweptWrite(tenant, holds, last.id)];
      await tenant.transact(rereading(writes));
    } catch (error) {
      if (!isLost(error)) throw error;
      // A hold has come or gone, another worker was at it, or a copy has ended: again from where it stands then.
      await sweepAnew(tenant, on, clock.now());
      return addSeconds(clock.now(), RACED_SECONDS);
    }
    holds = { ...holds, swept_to: last.id };
    cursor = page.next_cursor;
    if (cursor !== null && !more()) return clock.now();
  }
  return undefined;
}

const isLost = (error: unknown): boolean => error instanceof Problem && error.code === "precondition_failed";

/**
 * Where holds have turned while files were held, or let go, by what they were before: somebody may have swept them the other
 * way already, so all are swept once more.
 */
async function sweepAnew(tenant: TenantTable, on: boolean, at: Date): Promise<void> {
  for (;;) {
    const read = await tenant.get(holdsItem, {});
    if (read === undefined || isHeld(read) === on) return;
    const { version } = read;
    const anew = tenant.writes.update(holdsItem, {}, { set: { swept_to: null } }, { equals: { version } });
    try {
      await tenant.transact(rereading([anew, auditHolding.set(tenant, HOLDING, at)]));
      return;
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }
}

/** A copy that is held does not end; one that no longer is ends with its lock. */
function heldWrite({ writes }: TenantTable, { id, locked_until }: Copy, on_hold: boolean): Write {
  return on_hold
    ? writes.update(copyItem, { id }, { set: { on_hold }, remove: ["expires_at"] }, { equals: { on_hold: false } })
    : writes.update(copyItem, { id }, { set: { on_hold, expires_at: locked_until } }, { equals: { on_hold: true } });
}

const sweptWrite = ({ writes }: TenantTable, { version, swept_to }: Holds, id: string): Write =>
  writes.update(holdsItem, {}, { set: { swept_to: id } }, { equals: { version, swept_to } });
