import { bold, dim, green, red, table } from "./show.ts";

interface Told {
  readonly title: string;
  readonly outcome: "done" | "failed" | "not reached";
  readonly ms: number;
  readonly note: string;
}

/** The steps of the story, each shown as it happens, and what became of them. */
export class Story {
  readonly #told: Told[] = [];
  #broken = false;

  /** One step; `tell` returns what is worth a line in the summary. After a failure the rest is not reached. */
  async step(title: string, tell: () => Promise<string>): Promise<void> {
    if (this.#broken) {
      this.#told.push({ title, outcome: "not reached", ms: 0, note: "" });
      return;
    }
    console.log(`\n${bold(`${this.#told.length + 1}. ${title}`)}`);
    const began = performance.now();
    const took = () => Math.round(performance.now() - began);
    try {
      const note = await tell();
      this.#told.push({ title, outcome: "done", ms: took(), note });
    } catch (error) {
      this.#broken = true;
      const note = error instanceof Error ? error.message : String(error);
      console.log(`   ${red(note)}`);
      this.#told.push({ title, outcome: "failed", ms: took(), note });
    }
  }

  get complete(): boolean {
    return !this.#broken;
  }

  summary(): string {
    const rows = this.#told.map(({ title, outcome, ms, note }, i) => [
      `${i + 1}`,
      title,
      outcome === "done" ? green("done") : red(outcome),
      outcome === "not reached" ? "" : `${ms} ms`,
      note,
    ]);
    return table(["", "Step", "", "Time", "What came of it"], rows);
  }
}

/** @throws with this sentence when the condition does not hold */
export function must(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(sentence);
}

/** A line beneath a request. */
export const remark = (text: string): void => console.log(`   ${dim(text)}`);

/** Asks again until there is a value. @throws when there is none within the time */
export async function until<T>(what: string, probe: () => Promise<T | undefined>, seconds = 30): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
