import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { DueWork } from "../../../shared/due/work.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import type { Log } from "../../../shared/observability/log.ts";
import { type NumberDeps, numberEntries } from "../sequencing/number.ts";
import { entriesBetween } from "../store.ts";
import { numbersOf } from "../tree/store.ts";
import { CHECK_SECONDS, checkItem } from "./store.ts";

export interface CheckDeps extends NumberDeps {
  readonly table: Table;
  readonly log: Log;
  /** Begins a call's work; what it gives says whether there is time for more, or the rest is left to the next call. */
  readonly budget: () => () => boolean;
}

/** What is younger may still come by the stream. */
const SETTLED_SECONDS = 3_600;

/**
 * `audit_check`: looks through the entries since the last look, and numbers those that have no number: the stream forgets a
 * record after a day, and whatever the sequencer has put aside. They get their place late, and no place is lost. An entry that
 * cannot be read gets none: it is told to the operator, and holds up no other.
 * @returns when to look again
 */
export async function checkNumbers({ tenant: id }: Due, deps: CheckDeps): ReturnType<DueWork> {
  const { table, clock, log } = deps;
  const tenant = table.of(id);
  const [organization, check] = await table.batch([tenant.read(organizationItem, {}), tenant.read(checkItem, {})]);
  if (organization === undefined) return undefined;
  const at = clock.now();
  const to = timestamp(addSeconds(at, -SETTLED_SECONDS));
  const from = check?.checked_to ?? organization.created_at;
  const more = deps.budget();
  const reached = async (checked_to: string): Promise<void> => {
    await tenant.transact([tenant.writes.put(checkItem, { checked_to })]);
  };
  const unreadable = (error: unknown) => log.error("audit.unnumbered", error, { organization_id: id });
  for await (const entries of entriesBetween(tenant, organization, { from, to }, at, unreadable)) {
    const ids = entries.map((entry) => entry.id);
    const numbers = ids.length === 0 ? [] : await numbersOf(tenant, ids);
    const missing = entries.filter((_, i) => numbers[i] === undefined);
    const count = missing.length === 0 ? 0 : await numberEntries(tenant, missing, deps);
    if (count > 0) log.info("audit.numbered_late", { organization_id: id, count });
    const last = entries.at(-1);
    if (last === undefined || more()) continue;
    await reached(last.occurred_at);
    return at;
  }
  if (from < to) await reached(to);
  return addSeconds(at, CHECK_SECONDS);
}
