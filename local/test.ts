import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ensureEmulatorInstalled } from "./emulator.ts";
import { localDir, nodeBinary, repoDir } from "./paths.ts";
import { ended } from "./processes.ts";
import { npmTools, testTools } from "./test-tools.ts";

// `npm test [-- vitest arguments]`: installs the local AWS and the tests' tools when they are missing, then runs lint, type check and the tests.
// Tests that need a deployed stack share one, started by test/support/emulator.ts. The last line counts all of it.

const results = join(localDir, "test-results.json");
const counted = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });
const modules = (path: string): string => join(repoDir, "node_modules", path);

/** Runs a tool of the project on the pinned Node; whether it succeeded. */
async function run(what: string, script: string, args: readonly string[]): Promise<boolean> {
  console.log(`\n${what}`);
  const child = spawn(nodeBinary(), [script, ...args], { cwd: repoDir, stdio: "inherit" });
  const forward = () => child.kill("SIGTERM");
  process.on("SIGTERM", forward);
  await ended(child);
  process.off("SIGTERM", forward);
  return child.exitCode === 0;
}

try {
  process.on("SIGINT", () => {}); // the tools get it too and stop what they started; wait for that
  await ensureEmulatorInstalled(console.log);
  await testTools.ensureInstalled(console.log);
  await npmTools.ensureInstalled(console.log);
  const args = process.argv.slice(2);
  const checks =
    args.length > 0
      ? []
      : [
          await run("Lint", modules("@biomejs/biome/bin/biome"), ["check", "--error-on-warnings", "."]),
          await run("Types", modules("typescript/bin/tsc"), ["-p", "tsconfig.json"]),
          await run("Types of infra", modules("typescript/bin/tsc"), ["-p", "infra/tsconfig.json"]),
          await run("Types of the pages", modules("typescript/bin/tsc"), ["-p", "pages/tsconfig.json"]),
        ];
  mkdirSync(localDir, { recursive: true });
  rmSync(results, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`];
  const succeeded = await run("Tests", modules("vitest/vitest.mjs"), ["run", ...reporters, ...args]);
  const tests = existsSync(results) ? counted.parse(JSON.parse(readFileSync(results, "utf8"))) : undefined;
  const passed = (tests?.numPassedTests ?? 0) + checks.filter((check) => check).length;
  // A file that does not load, or a stack that does not start, is a failure too, though no test says so.
  const failed = Math.max(tests?.numFailedTests ?? 0, succeeded ? 0 : 1) + checks.filter((check) => !check).length;
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
