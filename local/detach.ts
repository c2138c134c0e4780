import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { devDir, nodeBinary, repoDir } from "./paths.ts";
import { waitUntil } from "./processes.ts";
import { findRunning, startLog } from "./running.ts";

/** Installing everything on a slow line takes minutes; a start does not. */
const readyWithinMs = 15 * 60_000;

/**
 * Starts the stack in a process that outlives this one, shows its progress until it is ready and returns the exit code.
 */
export async function detach(port: string | undefined): Promise<number> {
  mkdirSync(devDir, { recursive: true });
  const log = openSync(startLog, "w");
  const args = port === undefined ? [] : ["--port", port];
  const child = spawn(nodeBinary(), [join(repoDir, "local", "start.ts"), ...args], {
    cwd: repoDir,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let exit: number | undefined;
  child.once("exit", (code) => {
    exit = code ?? 1;
  });
  let shown = 0;
  const show = () => {
    const text = readFileSync(startLog, "utf8");
    process.stdout.write(text.slice(shown));
    shown = text.length;
  };
  const decided = await waitUntil(
    async () => {
      show();
      if (exit !== undefined) return true;
      const running = await findRunning();
      return running?.pid === child.pid && running?.state === "ready";
    },
    readyWithinMs,
    100,
  );
  show();
  child.unref();
  if (!decided) console.error(`Not ready after ${readyWithinMs / 60_000} minutes; see ${startLog}. npm stop ends it.`);
  return exit ?? (decided ? 0 : 1);
}
