import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { RunLeaseGone, type RunReservation, settleRun, settleRunLate } from "../runs/budget.ts";
import { type Usage, type UsageRecord, UsageRecorded, usageItem, usageWrites } from "../store.ts";
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

/** Under which name a call is recorded whose own one another call has. */
const besideOthers = (call: string, id: string): string => `${call}~${id}`;

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
        source = { ...source, call: besideOthers(usage.source.call, usage.id) };
        others = [];
      } else if (error instanceof LeaseGone && !late) late = true;
      else if (error instanceof RunLeaseGone && run !== undefined && ofRun.length > 0)
        ofRun = error.there ? [settleRunLate(table, run, chargedTo(run, usage))] : [];
      else throw error;
    }
  }
}

/**
 * Whether a call stands in the ledger although every answer that said so was lost: the work would be refused that records it again.
 * Where that cannot be read either, it is taken for not recorded.
 */
export async function isRecorded(table: TenantTable, { source, id }: Pick<Usage, "source" | "id">): Promise<boolean> {
  const { kind: source_kind, id: source_id, call } = source;
  const places = [call, besideOthers(call, id)].map((at) =>
    table.read(usageItem, { source_kind, source_id, call: at }),
  );
  const found = await table.table.batch(places).catch(() => []);
  return found.some((record) => record?.id === id);
}
