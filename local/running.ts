import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { statusPath } from "./gateway.ts";
import { devDir } from "./paths.ts";
import { isAlive, waitUntil } from "./processes.ts";

/** The file that says that a local stack runs; it exists as long as that process lives. */
export const runningFile = join(devDir, "running.json");
export const startLog = join(devDir, "start.log");

const runningSchema = z.object({
  pid: z.number(),
  /** Random, answered by the gateway too: a process id alone may have been given to somebody else since. */
  instance: z.string(),
  /** Milliseconds since 1970. */
  started_at: z.number(),
  state: z.enum(["starting", "ready"]),
  gateway_url: z.string(),
  /** Where the local AWS answers. */
  aws_url: z.string(),
  /** What the user is told once it is ready. */
  summary: z.string(),
});
export type Running = z.infer<typeof runningSchema>;

/** Within this time after its start a process may not have opened its gateway yet. */
const openingMs = 10_000;
const stopWithinMs = 45_000;

/** The stack that runs now; a file left by a process that is gone is removed. */
export async function findRunning(): Promise<Running | undefined> {
  const running = read();
  if (running === undefined) return undefined;
  if (isAlive(running.pid) && (Date.now() - running.started_at < openingMs || (await answers(running)))) return running;
  rmSync(runningFile, { force: true });
  return undefined;
}

/** Takes the file for this process; false when another process has it. */
export function claim(running: Running): boolean {
  mkdirSync(dirname(runningFile), { recursive: true });
  try {
    writeFileSync(runningFile, JSON.stringify(running), { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Replaces what the file says. */
export function update(running: Running): void {
  writeFileSync(`${runningFile}.new`, JSON.stringify(running));
  renameSync(`${runningFile}.new`, runningFile);
}

export function release(): void {
  rmSync(runningFile, { force: true });
}

/** Ends the running stack and waits until it has saved its data; false when none runs. */
export async function stopRunning(): Promise<boolean> {
  const running = await findRunning();
  if (running === undefined) return false;
  process.kill(running.pid, "SIGTERM");
  if (!(await waitUntil(() => !isAlive(running.pid), stopWithinMs, 100))) {
    // What it started ends with it (see emulator_process.py).
    process.kill(running.pid, "SIGKILL");
  }
  rmSync(runningFile, { force: true });
  return true;
}

function read(): Running | undefined {
  try {
    return runningSchema.safeParse(JSON.parse(readFileSync(runningFile, "utf8"))).data;
  } catch {
    return undefined;
  }
}

async function answers({ gateway_url, instance }: Running): Promise<boolean> {
  try {
    const response = await fetch(`${gateway_url}${statusPath}`, { signal: AbortSignal.timeout(2_000) });
    const status: unknown = await response.json();
    return typeof status === "object" && status !== null && "instance" in status && status.instance === instance;
  } catch {
    return false;
  }
}
