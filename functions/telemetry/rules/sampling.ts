/** Of a trace id so many digits are random at least, as samplers count on. */
const RANDOM_DIGITS = 14;
const RANGE = 16 ** RANDOM_DIGITS;

/**
 * Whether a trace is among this share of all: by its id alone, so that all of a trace is told of or nothing, and whoever else
 * samples by the same share keeps the same traces.
 */
export const isAmong = (trace_id: string, ratio: number): boolean => {
  if (ratio >= 1) return true;
  const [random = ""] = /.{14}$/.exec(trace_id) ?? [];
  return Number.parseInt(random, 16) >= (1 - ratio) * RANGE;
};
