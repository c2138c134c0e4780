import { timestamp } from "../../../../shared/clock.ts";
import { addDays } from "../../../../shared/limits/retention.ts";

/** Days that are shown where nothing says from when, today counted. */
const USUAL_DAYS = 30;

export interface Days {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The first and the last day (UTC) of what is asked for. */
export function daysOf({ from, to }: Days, at: Date): { readonly from: string; readonly to: string } {
  const last = to ?? dayOf(at);
  return { from: from ?? dayOf(addDays(new Date(last), 1 - USUAL_DAYS)), to: last };
}

const dayOf = (at: Date): string => timestamp(at).slice(0, 10);
