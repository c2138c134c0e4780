import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { type Usage, type UsageRecord, UsageRecorded, usageWrites } from "../store.ts";
import { LeaseGone, lateWrite, type Reservation, settleWrite } from "../tokens/budget.ts";

/**
 * Records one call to a provider, once: its fact, the month's sums, and what it used in the place of what it had
 * reserved, in one transaction. A repetition of the same record changes nothing; another call under the same source (two
 * workers at the same step) is a call of its own and is recorded beside it.
 * @param more further writes of the transaction, for the first record of the source only
 */
export async function recordCall(
  table: TenantTable,
  context: { readonly at: Date; readonly actor: UsageRecord["actor"] },
  usage: Usage,
  reservation: Reservation | undefined,
  more: readonly Write[] = [],
): Promise<void> {
  const used = usage.tokens_in + usage.tokens_out;
  let source = usage.source;
  let late = false;
  let others = more;
  for (;;) {
    const closing = reservation === undefined ? [] : [(late ? lateWrite : settleWrite)(table, reservation, used)];
    try {
      await table.transact([...usageWrites(table, context, { ...usage, source }), ...closing, ...others]);
      return;
    } catch (error) {
      if (error instanceof UsageRecorded) {
        if (error.id === usage.id) return;
        source = { ...source, call: `${usage.source.call}~${usage.id}` };
        others = [];
      } else if (error instanceof LeaseGone && !late) late = true;
      else throw error;
    }
  }
}
