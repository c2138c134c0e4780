import { execFileSync } from "node:child_process";
import { inject } from "vitest";

/** The functions' processes: children of the emulator that run its worker script. */
function workersOf(emulator: number): number[] {
  const lines = execFileSync("ps", ["-ax", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [pid, parent] = line.trim().split(/\s+/);
    return Number(parent) === emulator && line.includes("/_worker.js") ? [Number(pid)] : [];
  });
}

const LOOK_MS = 200;

/**
 * Kills every function's process of this test run's stack once it has lived for so long, until stopped.
 * @returns stops it and tells how many were killed
 */
export function killWorkers(lives_ms: number): () => number {
  const { emulatorPid } = inject("stack");
  const seen = new Map<number, number>();
  let killed = 0;
  const timer = setInterval(() => {
    const now = Date.now();
    for (const pid of workersOf(emulatorPid)) {
      const since = seen.get(pid);
      if (since === undefined) seen.set(pid, now);
      else if (now - since >= lives_ms) {
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
