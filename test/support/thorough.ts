/** Whether every place is tried where a worker can die (`npm run test:thorough`), or a few at random in each run. */
const thorough = process.env.KAIZEN_TEST_THOROUGH === "true";

/**
 * Places of 1 to `count` at which a test lets something fail: all, or the first, the last and others at random, `few` in
 * all. Whoever fails names its place, so a failure can be repeated.
 */
export function places(count: number, few: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (thorough || count <= few) return all;
  const between = all.slice(1, -1);
  const chosen = new Set([1, count]);
  while (chosen.size < few) chosen.add(between[Math.floor(Math.random() * between.length)] ?? 1);
  return [...chosen].sort((a, b) => a - b);
}
