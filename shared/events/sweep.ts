/** How many of the faults a sweep's own message tells; the others are counted. */
const TOLD = 5;

/** Some of what a sweep looked after failed; the rest was done. */
export class SweepFailed extends AggregateError {
  constructor(errors: readonly unknown[], total: number) {
    const told = errors.slice(0, TOLD).map((error) => (error instanceof Error ? error.message : String(error)));
    const more = errors.length > TOLD ? `; and ${errors.length - TOLD} more` : "";
    super(errors, `${errors.length} of ${total} failed: ${told.join("; ")}${more}`);
    this.name = "SweepFailed";
  }
}

/**
 * Works at each thing of a sweep (an organization, a reminder), one after the other. What fails holds up nothing that
 * comes after it; the faults are told together at the end, so that the function's alarm rings.
 * @returns how many things there were
 * @throws SweepFailed when one failed, and at once what stops the list itself
 */
export async function sweepEach<T>(things: AsyncIterable<T>, work: (thing: T) => Promise<void>): Promise<number> {
  const faults: unknown[] = [];
  let total = 0;
  for await (const thing of things) {
    total++;
    try {
      await work(thing);
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw new SweepFailed(faults, total);
  return total;
}
