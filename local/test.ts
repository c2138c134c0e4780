import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureEmulatorInstalled } from "./emulator.ts";
import { nodeBinary, repoDir } from "./paths.ts";
import { ended } from "./processes.ts";

// `npm test [-- vitest arguments]`: installs the local AWS when it is missing, then runs the tests. Those that need a
// deployed stack share one, started by test/support/emulator.ts.
try {
  await ensureEmulatorInstalled(console.log);
  const vitest = join(repoDir, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(nodeBinary(), [vitest, "run", ...process.argv.slice(2)], { cwd: repoDir, stdio: "inherit" });
  process.on("SIGINT", () => {}); // Vitest gets it too and stops the stack; wait for that
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  await ended(child);
  process.exitCode = child.exitCode ?? 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
