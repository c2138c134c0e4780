import { Worker } from "node:worker_threads";
import type { Task, TaskAnswer } from "./worker.ts";

/** What one task may take. */
export interface Bounds {
  /** From when the worker begins with it; then the worker is ended. */
  readonly time_ms: number;
  readonly heap_mb: number;
  /** How much the whole process may grow meanwhile, where a task holds more than a heap: bytes are outside of it. */
  readonly process_mb?: number;
}

/** How often the process is looked at. */
const LOOK_MS = 50;

/** `timed_out` and `too_large`: the worker was ended by one of the bounds. */
export type Bounded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: "timed_out" | "too_large" };

interface Waiting extends Task {
  readonly resolve: (result: Bounded<unknown>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The file of a worker beside the file that asks for it. In the sources that is `worker.ts`; bundles are flat and hold it
 * under the name of its folder.
 * @param from `import.meta.url` of the asking file
 */
export const workerFile = (from: string, folder: string): URL =>
  new URL(from.endsWith(".ts") ? "./worker.ts" : `./${folder}.worker.mjs`, from);

/**
 * Runs work on tenants' data in a thread of its own, where it can be ended in the middle: a loop that never looks at a
 * clock, a pattern or a schema whose cost explodes, a value that fills the memory. The thread is begun with the first
 * task, keeps nothing of a task, sees no environment, and does not keep the process alive. Tasks are worked one at a time.
 */
export class Killable {
  readonly #file: URL;
  readonly #bounds: Bounds;
  readonly #queue: Waiting[] = [];
  #worker: Worker | undefined;
  #busy: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looks: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(file: URL, bounds: Bounds) {
    this.#file = file;
    this.#bounds = bounds;
  }

  /** Works one task. Input and value are copied, so they must be plain data. @throws what the task throws, as an Error */
  run<T>(name: string, input: unknown): Promise<Bounded<T>> {
    return new Promise<Bounded<unknown>>((resolve, reject) => {
      this.#queue.push({ id: this.#count++, name, input, resolve, reject });
      this.#next();
    }) as Promise<Bounded<T>>;
  }

  /** Ends the thread; the next task begins another. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #next(): void {
    if (this.#busy !== undefined) return;
    this.#busy = this.#queue.shift();
    if (this.#busy === undefined) return;
    if (this.#worker === undefined) this.#begin();
    else this.#send(this.#worker, this.#busy);
  }

  #begin(): void {
    const { heap_mb } = this.#bounds;
    const worker = new Worker(this.#file, {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heap_mb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
    });
    this.#worker = worker;
    worker.on("message", (message: "ready" | TaskAnswer) => {
      if (worker !== this.#worker) return;
      if (message !== "ready") this.#answered(message);
      else if (this.#busy !== undefined) this.#send(worker, this.#busy);
    });
    worker.on("error", (error: Error & { code?: string }) => {
      if (worker !== this.#worker) return;
      this.#worker = undefined;
      const full = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      this.#finish((task) => (full ? task.resolve({ ok: false, code: "too_large" }) : task.reject(error)));
    });
  }

  #send(worker: Worker, { id, name, input }: Waiting): void {
    try {
      worker.postMessage({ id, name, input } satisfies Task);
    } catch (error) {
      // What cannot be copied is no plain data.
      this.#finish((task) => task.reject(error as Error));
      return;
    }
    worker.ref();
    const end = (code: "timed_out" | "too_large"): void => {
      this.#worker = undefined;
      void worker.terminate();
      this.#finish((task) => task.resolve({ ok: false, code }));
    };
    const { time_ms, process_mb } = this.#bounds;
    this.#timer = setTimeout(end, time_ms, "timed_out");
    if (process_mb === undefined) return;
    // What others let go of meanwhile is no room for the task.
    let least = process.memoryUsage.rss();
    this.#looks = setInterval(() => {
      const now = process.memoryUsage.rss();
      least = Math.min(least, now);
      if (now - least > process_mb * 1_048_576) end("too_large");
    }, LOOK_MS);
  }

  #answered(answer: TaskAnswer): void {
    this.#worker?.unref();
    this.#finish((task) => {
      if ("fault" in answer) task.reject(new Error(answer.fault));
      else task.resolve({ ok: true, value: answer.value });
    });
  }

  #finish(settle: (task: Waiting) => void): void {
    clearTimeout(this.#timer);
    clearInterval(this.#looks);
    const task = this.#busy;
    this.#busy = undefined;
    if (task !== undefined) settle(task);
    this.#next();
  }
}
