import fc from "fast-check";

/** Whether every place is tried where a worker can die (`npm run test:thorough`), or a few, others with each commit. */
export const thorough = process.env.KAIZEN_TEST_THOROUGH === "true";

/**
 * Places of 1 to `count` at which a test lets something fail: all, or the first, the last and others at random, `few` in
 * all. Whoever fails names its place, so a failure can be repeated.
 */
export function places(count: number, few: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (thorough || count <= few) return all;
  const length = { minLength: few - 2, maxLength: few - 2 };
  const [between = []] = fc.sample(fc.subarray(all.slice(1, -1), length), 1);
  return [1, ...between, count];
}
