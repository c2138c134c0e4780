import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock.ts";
import { localDir, repoDir } from "./paths.ts";
import { findPython } from "./python.mjs";

/** A slow line may need minutes for some tens of megabytes. */
const installWithinMs = 600_000;

/** A virtual environment that holds exactly what a requirements file pins by hash. */
export interface PythonEnvironment {
  /** Folder of its programs, `python` among them; filled by `ensureInstalled`. */
  readonly bin: string;
  /**
   * Makes the environment when it is missing. Of several processes one installs and the others wait.
   * @throws an error of one sentence when Python is missing or too old, or of the installer's last lines
   */
  ensureInstalled(log?: (line: string) => void): Promise<void>;
}

/**
 * The environment of a requirements file, in `.local/python`. It is named by the file's content: other versions go
 * beside it, so that a program that runs keeps its own.
 * @param what for people, in messages: "the local AWS (MiniStack)"
 * @param requirements path from the checkout on
 */
export function pythonEnvironment(what: string, requirements: string): PythonEnvironment {
  const file = join(repoDir, requirements);
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 12);
  const directory = join(localDir, "python", digest);
  const bin = join(directory, "bin");
  const python = join(bin, "python");
  /** Written last, so that an installation that broke off is made anew. */
  const stamp = join(directory, ".installed");
  const isInstalled = () => existsSync(stamp) && existsSync(python);

  return {
    bin,
    async ensureInstalled(log = () => {}) {
      if (isInstalled()) return;
      await withLock(join(localDir, "install.lock"), installWithinMs, async () => {
        if (isInstalled()) return;
        const found = findPython();
        if ("problem" in found) throw new Error(found.problem);
        log(`Installing ${what} into .local/python`);
        rmSync(directory, { recursive: true, force: true });
        await run(what, found.command, ["-m", "venv", directory]);
        await run(what, python, [
          ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"],
          ...["--only-binary", ":all:", "-r", file],
        ]);
        writeFileSync(stamp, "");
      });
    },
  };
}

async function run(what: string, command: string, args: string[]): Promise<void> {
  try {
    await promisify(execFile)(command, args);
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    const end = output.trim().split("\n").slice(-15).join("\n");
    throw new Error(`Installing ${what} failed at "${command} ${args.slice(0, 3).join(" ")}":\n${end}`);
  }
}
