/** Numbers of several rounds of the same work. */
export interface Rounds {
  readonly values: readonly number[];
  readonly median: number;
  readonly least: number;
}

export function roundsOf(values: readonly number[]): Rounds {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { values, median: at(0.5), least: at(0) };
}

/** The middle half of the rounds around their median, as "±3 %". */
export function spreadOf({ values, median }: Rounds): string {
  const sorted = values.toSorted((a, b) => a - b);
  const quarter = Math.floor(sorted.length / 4);
  const low = sorted[quarter] ?? median;
  const high = sorted[sorted.length - 1 - quarter] ?? median;
  return `±${(((high - low) / 2 / median) * 100).toFixed(1)} %`;
}

type Work = () => number | Promise<number>;

/**
 * Runs each kind of work once per round, in turns, so that whatever else the machine does meets all of them alike.
 * Odd rounds go backwards, so that none always follows the same other. Each work returns its own number (usually a time).
 */
export async function inTurns<const W extends Readonly<Record<string, Work>>>(
  rounds: number,
  works: W,
): Promise<{ readonly [K in keyof W]: Rounds }> {
  const names: (keyof W & string)[] = Object.keys(works);
  const values = new Map(names.map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const work = works[name];
      if (work !== undefined) values.get(name)?.push(await work());
    }
  }
  return Object.fromEntries(names.map((name) => [name, roundsOf(values.get(name) ?? [])])) as {
    [K in keyof W]: Rounds;
  };
}

/** Processor time of this process in microseconds, its threads included: what others do on the machine is not in it. */
function spent(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

/** Microseconds of processor time that one call of `work` takes, from `calls` calls in a row. */
export async function microsecondsPerCall(calls: number, work: () => unknown): Promise<number> {
  const began = process.cpuUsage();
  for (let i = 0; i < calls; i++) await work();
  return spent(began) / calls;
}

/** Microseconds of processor time that one call of synchronous `work` takes. */
export function microsecondsOf(calls: number, work: () => unknown): number {
  const began = process.cpuUsage();
  for (let i = 0; i < calls; i++) work();
  return spent(began) / calls;
}
