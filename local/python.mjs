import { spawnSync } from "node:child_process";

// Plain JavaScript: the preflight runs this on Node 20, before anything is installed.

const PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])";
const CANDIDATES = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

/**
 * Finds a Python that can make the emulator's virtual environment.
 * @returns {{ command: string } | { problem: string }} the command, or one sentence that says what is missing
 */
export function findPython(candidates = CANDIDATES) {
  let problem = "Python 3.10 or newer is needed for the local AWS and was not found: install it and start again.";
  for (const command of candidates) {
    const version = run(command, "import sys; print('%d.%d' % sys.version_info[:2])");
    if (version === undefined) continue;
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < 3 || (major === 3 && minor < 10)) {
      problem = `Python 3.10 or newer is needed for the local AWS; ${command} is ${version}.`;
      continue;
    }
    if (run(command, PROBE) === undefined) {
      problem = `${command} (${version}) cannot make virtual environments: install its venv module (Debian, Ubuntu: apt install python3-venv).`;
      continue;
    }
    return { command };
  }
  return { problem };
}

/** @param {string} command @param {string} code @returns {string | undefined} trimmed output, undefined when it did not run */
function run(command, code) {
  const result = spawnSync(command, ["-c", code], { encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : undefined;
}
