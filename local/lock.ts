import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isAlive, waitUntil } from "./processes.ts";

/**
 * Runs `work` while no other process of this machine runs work under the same lock file. A lock whose process is gone
 * is taken over; after `withinMs` of waiting it throws.
 */
export async function withLock<T>(file: string, withinMs: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  if (!(await waitUntil(() => take(file), withinMs, 100))) {
    throw new Error(`Another process (${owner(file)}) holds ${file} for too long.`);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    const pid = owner(file);
    if (pid !== undefined && !isAlive(pid)) rmSync(file, { force: true });
    return false;
  }
}

/** The process that holds the lock; undefined while it is being written or when there is none. */
function owner(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}
