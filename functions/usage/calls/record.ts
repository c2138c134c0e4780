import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { RunLeaseGone, type RunReservation, settleRun, settleRunLate } from "../runs/budget.ts";
import { type Usage, type UsageRecord, UsageRecorded, usageWrites } from "../store.ts";
import { LeaseGone, lateWrite, type Reservation, settleWrite } from "../tokens/budget.ts";

/** What goes into the transaction of a record, besides the month. */
export interface Along {
  /** What the call had reserved of its run's budget. */
  readonly run?: RunReservation | undefined;
  /** Further writes, for the first record of the source only. */
  readonly more?: readonly Write[];
}

/** What counts against a run's budget: the worst case where the provider's count was none. */
export const chargedTo = ({ bound }: RunReservation, usage: Usage): RunReservation["bound"] =>
  usage.estimated ? bound : { tokens: usage.tokens_in + usage.tokens_out, cost_usd_micros: usage.cost_usd_micros };

/**
 * Records one call to a provider, once: its fact, the month's sums, and what it used in the place of what it had
 * reserved, in one transaction. A repetition of the same record changes nothing; another call under the same source (two
 * workers at the same step) is a call of its own and is recorded beside it.
 */
export async function recordCall(
  table: TenantTable,
  context: { readonly at: Date; readonly actor: UsageRecord["actor"] },
  usage: Usage,
  reservation: Reservation | undefined,
  { run, more = [] }: Along = {},
): Promise<void> {
  const used = usage.tokens_in + usage.tokens_out;
  let source = usage.source;
  let late = false;
  let ofRun = run === undefined ? [] : [settleRun(table, run, chargedTo(run, usage))];
  let others = more;
  for (;;) {
    const closing = reservation === undefined ? [] : [(late ? lateWrite : settleWrite)(table, reservation, used)];
    try {
      await table.transact([...usageWrites(table, context, { ...usage, source }), ...closing, ...ofRun, ...others]);
      return;
    } catch (error) {
      if (error instanceof UsageRecorded) {
        if (error.id === usage.id) return;
        source = { ...source, call: `${usage.source.call}~${usage.id}` };
        others = [];
      } else if (error instanceof LeaseGone && !late) late = true;
      else if (error instanceof RunLeaseGone && run !== undefined && ofRun.length > 0)
        ofRun = error.there ? [settleRunLate(table, run, chargedTo(run, usage))] : [];
      else throw error;
    }
  }
}
