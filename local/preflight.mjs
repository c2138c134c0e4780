import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findPython } from "./python.mjs";

// Runs before anything is installed, on the Node that the user has (20 or newer): checks what must be there, installs
// the packages when they are missing or not those of package-lock.json, then runs its arguments on the pinned Node 24:
//   node local/preflight.mjs local/start.ts --detach

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const oldestNode = 20;

/** Whether node_modules holds just what the lock file says; packages for other platforms may be missing. */
export function isInstalled(lockFile, installedFile) {
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(lockFile, "utf8")).packages ?? {};
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages ?? {};
  return Object.entries(wanted).every(([path, { version, integrity, optional, devOptional }]) => {
    if (path === "") return true;
    const there = installed[path];
    if (there === undefined) return optional === true || devOptional === true;
    return there.version === version && there.integrity === integrity;
  });
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

function check() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < oldestNode) fail(`Node ${oldestNode} or newer is needed; this is ${process.versions.node}.`);
  if (process.platform === "win32") fail("Linux or macOS is needed; on Windows use WSL 2.");
  const python = findPython();
  if ("problem" in python) fail(python.problem);
}

function install() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (isInstalled(join(root, "package-lock.json"), installed) && existsSync(join(bin, "node"))) return;
  console.log("Installing packages (npm ci)");
  const result = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
  });
  if (result.status !== 0) fail("npm ci failed: see its message above.");
}

function run([script, ...args]) {
  if (script === undefined) return;
  const child = spawn(join(bin, "node"), [script, ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
  });
  // Ctrl-C reaches the child by itself; a signal to this process alone has to be passed on.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("error", (error) =>
    fail(`The pinned Node did not run (${error.message}): remove node_modules and try again.`),
  );
  child.once("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
    process.removeAllListeners();
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  check();
  install();
  run(process.argv.slice(2));
}
