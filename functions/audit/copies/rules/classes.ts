import type { auditItem } from "../../../../shared/change/items.ts";
import type { ItemOf } from "../../../../shared/dynamo/item.ts";
import { auditClasses } from "../../../../shared/limits/retention.ts";
import { isOfClass } from "../../exports/rules/lines.ts";

/** Entries that are kept for more than `over` days and at most `up_to`; the last class has no end. */
export interface Keeps {
  readonly over: number;
  readonly up_to: number | null;
}

/** The classes, shortest first. The last one takes what an organization keeps for longer than any of them. */
export const keptClasses: readonly Keeps[] = auditClasses.map((days, i) => ({
  over: auditClasses[i - 1] ?? 0,
  up_to: i === auditClasses.length - 1 ? null : days,
}));

/** How copies of a class are named, and by which number of days the bucket ends them. */
export const daysOfClass = ({ up_to }: Keeps): number => up_to ?? auditClasses.at(-1) ?? 0;

type Entry = Pick<ItemOf<typeof auditItem>, "id" | "expires_at">;

/** The class of an entry. */
export function classOf({ id, expires_at }: Entry): Keeps {
  const found = keptClasses.find((keeps) => isOfClass(id, expires_at, keeps));
  if (found === undefined) throw new Error(`the entry ${id} ends before it was`);
  return found;
}
