/** Collects what is due so that a tenant with very much of it takes no more than its share. */
export class Shares<T extends { readonly tenant: string }> {
  readonly #share: number;
  readonly #taken = new Map<string, T[]>();

  /** @param share how many one tenant may have in a round */
  constructor(share: number) {
    this.#share = share;
  }

  /** Takes it, unless its tenant has its share. */
  offer(one: T): void {
    const taken = this.#taken.get(one.tenant);
    if (taken === undefined) this.#taken.set(one.tenant, [one]);
    else if (taken.length < this.#share) taken.push(one);
  }

  /** One of each tenant after the other, then the second of each, and so on. */
  inTurn(): T[] {
    const tenants = [...this.#taken.values()];
    const longest = Math.max(0, ...tenants.map(({ length }) => length));
    return Array.from({ length: longest }, (_, turn) => tenants.flatMap((own) => own.slice(turn, turn + 1))).flat();
  }
}

/**
 * How long the sweeper waits before it sends the same again, in seconds: first half an hour, longer than a queue repeats
 * a message that fails, then twice as long each time, at most a day. A message that can
 * never be worked off waits in the dead-letter queue meanwhile.
 * @param sends how often it has been sent before
 */
export const patienceSeconds = (sends: number): number => Math.min(1_800 * 2 ** Math.min(sends, 16), 86_400);
