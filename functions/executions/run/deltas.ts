import type { AgentDelta } from "./agent.ts";

/** Hands pieces from the run to the stream, in order; a stream that is closed stops the run. */
export class Deltas implements AsyncIterable<AgentDelta> {
  readonly #waiting: AgentDelta[] = [];
  readonly #controller = new AbortController();
  #ended = false;
  #wake: (() => void) | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  push(delta: AgentDelta): void {
    this.#waiting.push(delta);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The stream is closed. Without effect once the run has ended. */
  abandon(): void {
    if (!this.#ended) this.#controller.abort();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AgentDelta> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
