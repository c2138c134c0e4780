/**
 * A limit per minute that holds in every minute, wherever it begins: what was admitted is counted by the slot of time in
 * which it was, and a slot counts until no request of it can be younger than a minute, by any machine's clock that is up
 * to five seconds off another's. So a caller never has more than the limit in any 60 seconds; one who comes evenly has
 * four fifths of it for ever.
 */

const WINDOW_MS = 60_000;
/** How far two machines' clocks may be apart. */
export const SKEW_MS = 5_000;
export const SLOT_MS = 2_500;

/** Slots behind the present one that count: two times less than a minute and the skew apart are at most so many slots apart. */
export const countedSlots = (slot_ms: number): number => Math.ceil((WINDOW_MS + SKEW_MS) / slot_ms);
export const COUNTED_SLOTS = countedSlots(SLOT_MS);
/** What is reserved ahead may be used in so many slots after the present one. */
export const AHEAD_SLOTS = 4;
/** After its last slot a reservation may still be settled in so many. */
const SETTLED_LATE_SLOTS = 1;
/** A slot that is so many behind the present one is changed by nobody, by any clock. */
const FINAL_SLOTS = AHEAD_SLOTS + SETTLED_LATE_SLOTS + Math.ceil(SKEW_MS / SLOT_MS) + 1;
/** So many slots that count no more are left in an item before they are taken out. */
export const LEFT_SLOTS = 12;

/** What of a subject is counted, as it was seen in slot `seen`. */
export interface Window {
  /** Changes whenever slots are taken out: a sum is compared only with one of the same epoch. */
  readonly epoch: string;
  /** The sum of all slots. */
  readonly total: number;
  readonly slots: ReadonlyMap<number, number>;
  readonly seen: number;
}

export const slotOf = (now: Date): number => Math.floor(now.getTime() / SLOT_MS);

/** Whether what was admitted in this slot counts no more in the present one. */
const over = (slot: number, present: number): boolean => slot < present - COUNTED_SLOTS;

const sum = ({ slots }: Window, of: (slot: number) => boolean): number => {
  let all = 0;
  for (const [slot, count] of slots) if (of(slot)) all += count;
  return all;
};

/** How much of the limit is used. */
export const used = (window: Window, now: Date): number => {
  const present = slotOf(now);
  return window.total - sum(window, (slot) => over(slot, present));
};

/**
 * What is left of the limit, for whoever gives some back besides. Less than nothing where a clock that is ahead has admitted more
 * already: what counts no more for it does here.
 */
export const free = (window: Window | undefined, limit: number, now: Date, given_back = 0): number =>
  Math.max(0, limit + given_back - (window === undefined ? 0 : used(window, now)));

/**
 * What of the window's sum certainly counts no more, whatever others have written since it was seen: slots that were final
 * when they were seen. A reservation may be made while the sum is below the limit and this.
 */
export const certainlyOver = (window: Window, now: Date): number => {
  const present = slotOf(now);
  return sum(window, (slot) => over(slot, present) && slot < window.seen - FINAL_SLOTS);
};

/** The slots to take out, once there are enough of them: over for every clock, and final. */
export function toTakeOut(window: Window, now: Date): readonly number[] {
  const safe = slotOf(now) - Math.ceil(SKEW_MS / SLOT_MS);
  const gone = [...window.slots.keys()].filter((slot) => over(slot, safe) && slot < window.seen - FINAL_SLOTS);
  return gone.length < LEFT_SLOTS ? [] : gone;
}

/** Whether a reservation that ends with this slot may still be settled. */
export const mayBeSettled = (last: number, now: Date): boolean => slotOf(now) <= last + SETTLED_LATE_SLOTS;

/** Seconds until the slot counts no more; at least 1. */
const secondsLeft = (slot: number, now: Date): number =>
  Math.max(1, Math.ceil(((slot + COUNTED_SLOTS + 1) * SLOT_MS - now.getTime()) / 1_000));

/** The slots that count, oldest first. */
const counting = (window: Window, now: Date): [number, number][] => {
  const present = slotOf(now);
  return [...window.slots].filter(([slot, count]) => count > 0 && !over(slot, present)).sort(([a], [b]) => a - b);
};

/** Seconds until one more may be admitted, if nothing else happens; at least 1. */
export function waitSeconds(window: Window, limit: number, now: Date): number {
  let taken = used(window, now);
  let last = slotOf(now);
  for (const [slot, count] of counting(window, now)) {
    taken -= count;
    last = slot;
    if (taken < limit) break;
  }
  return secondsLeft(last, now);
}

/** Seconds until some of what is used comes back; a minute where nothing is. Each answer says it: nothing is sorted. */
export function resetSeconds({ slots }: Pick<Window, "slots">, now: Date): number {
  const present = slotOf(now);
  let oldest = Number.POSITIVE_INFINITY;
  for (const [slot, count] of slots) if (slot < oldest && count > 0 && !over(slot, present)) oldest = slot;
  return oldest === Number.POSITIVE_INFINITY ? WINDOW_MS / 1_000 : secondsLeft(oldest, now);
}
