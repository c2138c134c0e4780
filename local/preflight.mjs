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
/** What ends things needs nothing new, and must not exchange packages under what still runs. */
const endings = ["local/stop.ts", "local/reset.ts"];

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
  if (existsSync(join(root, ".local", "dev", "running.json")) && existsSync(join(bin, "node"))) {
    fail("The packages have changed while the local system runs: npm stop, then again.");
  }
  console.log("Installing packages (npm ci)");
  const options = ["--no-audit", "--no-fund", "--loglevel=error"];
  const clean = spawnSync("npm", ["ci", ...options], { cwd: root, encoding: "utf8" });
  if (clean.status === 0) return;
  // npm ci wants the packages of every platform in the lock file, npm install those of this one. What the lock file has
  // is installed as locked by both.
  console.log("npm ci refused; installing with npm install --no-save");
  const result = spawnSync("npm", ["install", "--no-save", ...options], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (result.status !== 0) fail(`npm ci failed:\n${clean.stderr.split("\n").slice(0, 12).join("\n")}`);
}

function run(script, args) {
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
  const [script = "", ...args] = process.argv.slice(2);
  if (!(endings.includes(script) && existsSync(join(bin, "node")))) {
    check();
    install();
  }
  run(script, args);
}
