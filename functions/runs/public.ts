import { timestamp } from "../../shared/clock.ts";
import type { Read, TenantTable } from "../../shared/dynamo/table.ts";
import { runCountItem } from "./store.ts";

/** What other rooms may use of runs. */

/** What is read to know how many runs were started this month; nothing is counted on a plan without a limit. */
export const readMonthRuns = (table: TenantTable, at: Date): Read<typeof runCountItem> =>
  table.read(runCountItem, { month: timestamp(at).slice(0, 7) });
