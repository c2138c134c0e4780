import { parentPort } from "node:worker_threads";

/** What is sent to a worker, and what it answers. */
export interface Task {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}
export type TaskAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: string };

/** The side that works: answers tasks by name. The last line of a worker's file. */
export function serveTasks(tasks: Readonly<Record<string, (input: never) => unknown>>): void {
  if (parentPort === null) throw new Error("this file runs in a worker");
  const port = parentPort;
  port.on("message", async ({ id, name, input }: Task) => {
    try {
      const work = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
      if (work === undefined) throw new Error(`no task is named ${name}`);
      port.postMessage({ id, value: await work(input as never) } satisfies TaskAnswer);
    } catch (error) {
      port.postMessage({ id, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  port.postMessage("ready");
}
