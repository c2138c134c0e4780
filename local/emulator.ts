import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { nodeBinary, region, repoDir } from "./paths.ts";
import { freePort, isFree } from "./ports.ts";
import { ended, signalGroup, tail, waitUntil } from "./processes.ts";
import { pythonEnvironment } from "./python-environment.ts";

const environmentOfEmulator = pythonEnvironment("the local AWS (MiniStack)", "local/requirements.txt");

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

/** Makes the emulator's virtual environment when that of the pinned requirements is missing. */
export const ensureEmulatorInstalled = environmentOfEmulator.ensureInstalled;

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
  const python = join(environmentOfEmulator.bin, "python");
  const child = spawn(python, ["-u", join(repoDir, "local", "emulator_process.py")], {
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
  if (pid === undefined) throw new Error(`Could not run ${python}: remove .local/python and start again.`);

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
    // A function keeps one process; those of a burst take some 50 MB each, of which many at once are more than a machine has.
    LAMBDA_WARM_TTL_SECONDS: "30",
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
