/** Remembers the results of a pure function for its most recent arguments. Only a matter of speed: forgetting changes nothing. */
export class Memo<T> {
  readonly #entries = new Map<string, T>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string, make: () => T): T {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      // Moved to the end: a Map iterates in insertion order, so its first key is the one used longest ago.
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    const made = make();
    if (this.#entries.size >= this.#capacity) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, made);
    return made;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
