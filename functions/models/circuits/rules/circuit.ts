import * as z from "zod";
import { addSeconds, timestamp } from "../../../../shared/clock.ts";

/**
 * When a provider that fails is left alone. A circuit is closed until so many calls have failed within a window; open, its
 * provider is not called; after a pause one call is let through (half open), and what comes of that closes it, or opens it for
 * longer. Pure: time and chance are given.
 */

export const circuitStates = ["closed", "open", "half_open"] as const;

/** Failures within a window that open a circuit. */
export const FAILURES_TO_OPEN = 5;
/** So long failures are counted together. */
export const WINDOW_SECONDS = 120;
/** The first pause, doubled by each probe that fails, and the longest one. */
export const FIRST_PAUSE_SECONDS = 15;
export const LONGEST_PAUSE_SECONDS = 300;
/** A pause is longer by up to this part of it, by chance: organizations come back at different times. */
const JITTER = 0.2;
/** While somebody tries, others come again so much later. */
const PROBING_WAIT_MS = 5_000;
/** A probe is held to be dead so long after its call has to have ended, in any case after the longest. */
const PROBE_MARGIN_SECONDS = 10;
const LONGEST_PROBE_SECONDS = 300;

/** Why a call has failed, without anything that the provider wrote. */
export const circuitFailureSchema = z
  .object({ code: z.string(), model: z.string(), at: z.string() })
  .meta({ id: "CircuitFailure", description: "The last failure that was counted." });
export type CircuitFailure = z.output<typeof circuitFailureSchema>;

export const circuitSchema = z.object({
  state: z.enum(circuitStates),
  /** Null of one that was closed ever since. */
  since: z.string().nullable(),
  /** Counted in the window; of one that is not closed, those that opened it. */
  failures: z.int(),
  /** Of a closed one: until when failures are counted together. */
  window_ends_at: z.string(),
  /** How often it was opened without having been closed in between. */
  opened: z.int(),
  /** Of an open one: when it may be tried. Of one that is half open: when whoever tries is held to be dead. */
  retry_at: z.string().nullable(),
  last_error: circuitFailureSchema.nullable(),
});
export type Circuit = z.output<typeof circuitSchema>;

/** Whether a call may be made: as usual, as the one that tries, or not for so long. */
export type Admission = { readonly kind: "usual" | "probe" } | { readonly kind: "refused"; readonly wait_ms: number };

/** How long an open circuit stays open, in seconds. */
export function pauseSeconds(opened: number, chance: number): number {
  const pause = Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (opened - 1));
  return pause * (1 + JITTER * chance);
}

/** Whether a call may be made now. Who is let through as the probe has to take it first (`probing`). */
export function admission(circuit: Circuit | undefined, at: Date): Admission {
  if (circuit === undefined || circuit.state === "closed" || circuit.retry_at === null) return { kind: "usual" };
  const left = Date.parse(circuit.retry_at) - at.getTime();
  if (left <= 0) return { kind: "probe" };
  return { kind: "refused", wait_ms: circuit.state === "open" ? left : Math.min(left, PROBING_WAIT_MS) };
}

/** When a call that failed was begun, and when it has failed. */
export interface Failed {
  readonly began: Date;
  readonly at: Date;
}

/** Whether a call was begun before the provider was well again: what it meets is of the outage that is over. */
const isOfBefore = ({ since }: Circuit, began: Date): boolean => since !== null && timestamp(began) < since;

/** Whether a failure is one more in a window that goes on and has room: it is added without looking. */
export const isOneMore = (circuit: Circuit, { began, at }: Failed): boolean =>
  circuit.state === "closed" &&
  circuit.window_ends_at >= timestamp(at) &&
  circuit.failures < FAILURES_TO_OPEN - 1 &&
  !isOfBefore(circuit, began);

const opened = (circuit: Circuit, failures: number, error: CircuitFailure, at: Date, chance: number): Circuit => {
  const times = circuit.opened + 1;
  return {
    ...circuit,
    state: "open",
    since: circuit.state === "closed" ? timestamp(at) : circuit.since,
    failures,
    opened: times,
    retry_at: timestamp(addSeconds(at, pauseSeconds(times, chance))),
    last_error: error,
  };
};

/** After a failure that is not simply one more: a new window, or the one that opens it; undefined where it does not count. */
export function afterFailure(
  circuit: Circuit | undefined,
  error: CircuitFailure,
  { began, at }: Failed,
  chance: number,
): Circuit | undefined {
  if (circuit !== undefined && (circuit.state !== "closed" || isOfBefore(circuit, began))) return undefined;
  if (circuit !== undefined && circuit.window_ends_at >= timestamp(at)) {
    const failures = circuit.failures + 1;
    if (failures >= FAILURES_TO_OPEN) return opened(circuit, failures, error, at, chance);
    return { ...circuit, failures, last_error: error };
  }
  return {
    state: "closed",
    since: circuit?.since ?? null,
    failures: 1,
    window_ends_at: timestamp(addSeconds(at, WINDOW_SECONDS)),
    opened: 0,
    retry_at: null,
    last_error: error,
  };
}

/** The circuit while one call tries. */
export const probing = (circuit: Circuit, timeout_ms: number, at: Date): Circuit => ({
  ...circuit,
  state: "half_open",
  retry_at: timestamp(addSeconds(at, Math.min(timeout_ms / 1_000, LONGEST_PROBE_SECONDS) + PROBE_MARGIN_SECONDS)),
});

/** After a probe that failed. */
export const reopened = (circuit: Circuit, error: CircuitFailure, at: Date, chance: number): Circuit =>
  opened(circuit, circuit.failures, error, at, chance);

/** After a probe that says nothing of the provider: the next call may try. */
export const givenBack = (circuit: Circuit, at: Date): Circuit => ({ ...circuit, retry_at: timestamp(at) });

/** As good as new; what failed last stays to be seen. */
export const closed = (circuit: Circuit, at: Date): Circuit => ({
  ...circuit,
  state: "closed",
  since: timestamp(at),
  failures: 0,
  window_ends_at: timestamp(at),
  opened: 0,
  retry_at: null,
});
