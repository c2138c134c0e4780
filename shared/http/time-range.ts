import { firstIdAt, type IdKind, idPrefixes } from "../ids.ts";
import { timestampSchema } from "./schemas.ts";

/** Times as given, `undefined` where open; both ends belong to the range. */
export interface TimeRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** `?from=&to=` of lists of things whose ids begin with the time at which they were made. */
export const timeRangeQuery = {
  from: timestampSchema.optional().meta({ description: "Not before this time." }),
  to: timestampSchema.optional().meta({ description: "Not after this time." }),
};

/** Whether a range can hold anything. */
export const isOrdered = ({ from, to }: TimeRange): boolean =>
  from === undefined || to === undefined || Date.parse(from) <= Date.parse(to);

/** What is wrong with a range that is not. */
export const OUT_OF_ORDER = { path: "query.from", message: "is after to" } as const;

/** Bounds on the ids of a range, for a list in the order of ids of this kind. */
export function idBounds(
  kind: IdKind,
  { from, to }: TimeRange,
): { readonly from: string | undefined; readonly to: string | undefined } {
  const timeLength = idPrefixes[kind].length + 1 + 10;
  return {
    from: from === undefined ? undefined : firstIdAt(kind, new Date(from)),
    to: to === undefined ? undefined : firstIdAt(kind, new Date(to)).slice(0, timeLength),
  };
}
