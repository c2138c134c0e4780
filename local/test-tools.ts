import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock.ts";
import { localDir, repoDir } from "./paths.ts";
import { isInstalled } from "./preflight.mjs";
import { pythonEnvironment } from "./python-environment.ts";

/**
 * Programs of the tests that are made in Python. A test that needs one awaits `testTools.ensureInstalled()` and runs
 * it from `testTools.bin`.
 */
export const testTools = pythonEnvironment("the tests' Python tools", "test/tools/requirements.txt");

/**
 * npm packages of the tests that cannot stand beside the product's own: makers of clients need another compiler.
 * Installed by their own lock file, in `directory`.
 */
export const npmTools = {
  directory: join(repoDir, "test/tools"),
  async ensureInstalled(log: (line: string) => void = () => {}): Promise<void> {
    const lockFile = join(this.directory, "package-lock.json");
    const installed = join(this.directory, "node_modules/.package-lock.json");
    if (isInstalled(lockFile, installed)) return;
    await withLock(join(localDir, "install.lock"), 600_000, async () => {
      if (isInstalled(lockFile, installed)) return;
      log("Installing the tests' npm tools into test/tools");
      await promisify(execFile)("npm", ["ci", "--no-audit", "--no-fund"], { cwd: this.directory });
    });
  },
};
