import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock.ts";
import { localDir, nodeBinary, region, repoDir } from "./paths.ts";
import { freePort, isFree } from "./ports.ts";
import { ended, signalGroup, tail, waitUntil } from "./processes.ts";
import { findPython } from "./python.mjs";

const requirementsFile = join(repoDir, "local", "requirements.txt");
/** Named by its requirements: another version goes beside it, so that an emulator that runs keeps its own. */
const venvDir = join(localDir, "python", sha256(readFileSync(requirementsFile)).slice(0, 12));
const venvPython = join(venvDir, "bin", "python");
/** Written last, so that an installation that broke off is made anew. */
const stampFile = join(venvDir, ".installed");

/** A slow line may need minutes for the 20 MB. */
const installWithinMs = 600_000;
/** Starting takes about half a second; a laptop that is busy installing may need much longer. */
const startWithinMs = 60_000;
/** Saving a big state takes about two seconds. */
const stopWithinMs = 20_000;

export interface EmulatorOptions {
  /** Everything this instance writes; instances must not share it. */
  stateDir: string;
  /** Port on 127.0.0.1; a free one is chosen when none is given. */
  port?: number;
  /** Whether stacks and data survive a stop. */
  persist: boolean;
  /** More environment for the emulator and, because functions inherit it, for the functions. */
  env?: Record<string, string>;
}

export interface Emulator {
  /** Base URL, the value of AWS_ENDPOINT_URL. */
  endpoint: string;
  port: number;
  pid: number;
  /** Resolves when it has ended, for whatever reason. */
  ended: Promise<void>;
  /** Ends the emulator and every function process; with `persist` the state is saved first. */
  stop(): Promise<void>;
}

/**
 * Makes the emulator's virtual environment when that of the pinned requirements is missing. Of several processes one
 * installs and the others wait. Throws an error of one sentence when Python is missing or too old.
 */
export async function ensureEmulatorInstalled(log: (line: string) => void = () => {}): Promise<void> {
  if (isInstalled()) return;
  await withLock(join(localDir, "install.lock"), installWithinMs, async () => {
    if (isInstalled()) return;
    const python = findPython();
    if ("problem" in python) throw new Error(python.problem);
    log("Installing the local AWS (MiniStack) into .local/python");
    rmSync(venvDir, { recursive: true, force: true });
    await run(python.command, ["-m", "venv", venvDir]);
    await run(venvPython, [
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"],
      ...["--only-binary", ":all:", "-r", requirementsFile],
    ]);
    writeFileSync(stampFile, "");
  });
}

function isInstalled(): boolean {
  return existsSync(stampFile) && existsSync(venvPython);
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

async function run(command: string, args: string[]): Promise<void> {
  try {
    await promisify(execFile)(command, args);
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    const end = output.trim().split("\n").slice(-15).join("\n");
    throw new Error(`Installing the local AWS failed at "${command} ${args.slice(0, 3).join(" ")}":\n${end}`);
  }
}

/**
 * Starts one emulator on 127.0.0.1 and waits until it answers. It ends with `stop()`, and also whenever this
 * process ends, however that happens (see emulator_process.py).
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  if (options.port !== undefined) {
    if (!(await isFree(options.port))) throw new Error(`Port ${options.port} is in use; the local AWS needs it.`);
    return await launch(options, options.port);
  }
  // Between choosing a port and listening on it somebody else may take it.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return await launch(options, port);
    } catch (error) {
      if (attempt === 3 || (await isFree(port))) throw error;
    }
  }
}

async function launch(options: EmulatorOptions, port: number): Promise<Emulator> {
  const { stateDir } = options;
  const logFile = join(stateDir, "emulator.log");
  for (const dir of ["state", "s3", "tmp"]) mkdirSync(join(stateDir, dir), { recursive: true });
  // The emulator's worker script is CommonJS in a .js file: a package.json above it must not say otherwise.
  writeFileSync(join(stateDir, "tmp", "package.json"), '{"type":"commonjs"}');
  const log = openSync(logFile, "a");
  const child = spawn(venvPython, ["-u", join(repoDir, "local", "emulator_process.py")], {
    cwd: stateDir,
    detached: true, // a process group of its own, so that function processes end with it
    env: environment(options, port),
    stdio: ["pipe", log, log],
  });
  closeSync(log);
  child.on("error", () => {}); // seen below as a missing pid
  const lifeline = child.stdin;
  lifeline?.on("error", () => {});
  const pid = child.pid;
  if (pid === undefined) throw new Error(`Could not run ${venvPython}: remove .local/python and start again.`);

  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    lifeline?.destroy();
    const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), stopWithinMs);
    await ended(child);
    clearTimeout(timer);
    signalGroup(pid, "SIGKILL"); // whatever is left of its group
  };
  const alive = () => child.exitCode === null && child.signalCode === null;
  const answered = await waitUntil(async () => !alive() || (await ready(endpoint)), startWithinMs);
  if (!answered || !alive()) {
    await stop();
    throw new Error(`The local AWS did not start on port ${port}. The end of ${logFile}:\n${tail(logFile)}`);
  }
  child.unref();
  return { endpoint, port, pid, ended: ended(child), stop };
}

/** A clean environment: functions inherit it, so nothing of the user's shell may leak into them. */
function environment({ stateDir, persist, env }: EmulatorOptions, port: number): Record<string, string> {
  const tmp = join(stateDir, "tmp");
  return {
    PATH: [dirname(nodeBinary()), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    HOME: tmp,
    LANG: "C.UTF-8",
    LOG_LEVEL: "WARNING",
    GATEWAY_PORT: String(port),
    BIND_HOST: "127.0.0.1",
    MINISTACK_HOST: "localhost",
    MINISTACK_REGION: region,
    AWS_DEFAULT_REGION: region,
    IOT_MTLS_ENABLED: "0",
    SFTP_ENABLED: "0",
    LAMBDA_EXECUTOR: "local",
    AUTH: "true",
    MINISTACK_COGNITO_PRETOKEN_STRICT: "1",
    STATE_DIR: join(stateDir, "state"),
    S3_DATA_DIR: join(stateDir, "s3"),
    TMPDIR: tmp,
    ...(persist ? { PERSIST_STATE: "1", S3_PERSIST: "1" } : {}),
    ...env,
  };
}

async function ready(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(`${endpoint}/_ministack/ready`, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
