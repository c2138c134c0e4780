import { execFileSync } from "node:child_process";
import { inject } from "vitest";

interface Worker {
  readonly pid: number;
  /** CPU time that it has had, in whole seconds. */
  readonly cpu_seconds: number;
}

/** The functions' processes: children of the emulator that run its worker script. */
function workersOf(emulator: number): Worker[] {
  const lines = execFileSync("ps", ["-ax", "-o", "pid=,ppid=,time=,args="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [pid, parent, time = ""] = line.trim().split(/\s+/);
    if (Number(parent) !== emulator || !line.includes("/_worker.js")) return [];
    const cpu_seconds = time.split(":").reduce((sum, part) => sum * 60 + Math.floor(Number(part)), 0);
    return [{ pid: Number(pid), cpu_seconds }];
  });
}

const LOOK_MS = 200;

/** Loading its code costs a worker half a second of CPU time; on a busy machine that may take longer than its life. */
const LOADED_CPU_SECONDS = 1;

/**
 * Kills every function's process of this test run's stack once it has lived for so long and has its code loaded, until
 * stopped.
 * @returns stops it and tells how many were killed
 */
export function killWorkers(lives_ms: number): () => number {
  const { emulatorPid } = inject("stack");
  const seen = new Map<number, number>();
  let killed = 0;
  const timer = setInterval(() => {
    const now = Date.now();
    for (const { pid, cpu_seconds } of workersOf(emulatorPid)) {
      const since = seen.get(pid);
      if (since === undefined) seen.set(pid, now);
      else if (now - since >= lives_ms && cpu_seconds >= LOADED_CPU_SECONDS) {
        seen.delete(pid);
        try {
          process.kill(pid, "SIGKILL");
          killed++;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // ended by itself meanwhile
        }
      }
    }
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    return killed;
  };
}
