import { fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Aws } from "./aws.ts";
import { awsAt } from "./aws.ts";
import { nodeBinary, region, repoDir } from "./paths.ts";
import { ended, tail } from "./processes.ts";
import type { DeployedFunction } from "./stream/functions.ts";
import { assumeRole, findFunction, listFunctions } from "./stream/functions.ts";
import type { Route } from "./stream/manifest.ts";
import { matches, readStreamFunctions } from "./stream/manifest.ts";
import type { RoleCredentials, WorkerInput, WorkerSettings } from "./stream/protocol.ts";
import { settingsVariable, workerOutputSchema } from "./stream/protocol.ts";

/** A role's session lasts an hour; it is renewed well before. */
const renewEveryMs = 20 * 60_000;
const startWithinMs = 30_000;

export interface StreamServers {
  /** The address that serves this request as a stream; undefined when the API's ordinary functions serve it. */
  find(method: string, path: string): string | undefined;
  stop(): Promise<void>;
}

/**
 * Serves the streaming functions of the bundles in `dir` (the emulator would hold a stream back until it is complete):
 * each in a process of its own, with the environment and role of the deployed function.
 */
export async function startStreamServers(options: {
  endpoint: string;
  dir: string;
  logFile: string;
}): Promise<StreamServers> {
  const { endpoint, dir, logFile } = options;
  const wanted = readStreamFunctions(dir);
  if (wanted.length === 0) return { find: () => undefined, stop: async () => {} };
  const aws = awsAt(endpoint);
  const deployed = await listFunctions(aws);
  const workers: Worker[] = [];
  const stop = async () => void (await Promise.all(workers.map((worker) => worker.stop())));
  try {
    for (const { description, bundle, routes } of wanted) {
      const fn = findFunction(deployed, description);
      workers.push(await startWorker({ aws, endpoint, fn, bundle, routes, logFile }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    find: (method, path) => workers.find(({ routes }) => routes.some((route) => matches(route, method, path)))?.url,
    stop,
  };
}

interface Worker {
  url: string;
  routes: Route[];
  stop(): Promise<void>;
}

async function startWorker(options: {
  aws: Aws;
  endpoint: string;
  fn: DeployedFunction;
  bundle: string;
  routes: Route[];
  logFile: string;
}): Promise<Worker> {
  const { aws, fn, routes, logFile } = options;
  const log = openSync(logFile, "a");
  const child = fork(join(repoDir, "local", "stream", "worker.ts"), [], {
    execPath: nodeBinary(),
    execArgv: [],
    env: environment(options.endpoint, fn, options.bundle, await assumeRole(aws, fn)),
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const stop = async () => {
    clearInterval(renewal);
    child.kill("SIGKILL");
    await ended(child);
  };
  const renewal = setInterval(() => {
    const renew = async () => {
      const input: WorkerInput = { credentials: await assumeRole(aws, fn) };
      if (child.connected) child.send(input);
    };
    renew().catch(() => {}); // the next renewal comes long before the session ends
  }, renewEveryMs);
  renewal.unref();
  try {
    const port = await new Promise<number>((resolve, reject) => {
      const fail = (reason: string) => reject(new Error(`The streaming function ${fn.FunctionName} ${reason}`));
      const timer = setTimeout(() => fail(`did not start within ${startWithinMs / 1000} seconds.`), startWithinMs);
      child.once("exit", (code) => fail(`ended with ${code}:\n${tail(logFile)}`));
      child.once("error", (error) => fail(`did not run: ${error.message}`));
      child.once("message", (message) => {
        clearTimeout(timer);
        const output = workerOutputSchema.parse(message);
        if ("port" in output) resolve(output.port);
        else fail(`did not load: ${output.problem}`);
      });
    });
    return { url: `http://127.0.0.1:${port}`, routes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What Lambda gives a function: its own variables, its role, the reserved names, and nothing of ours. */
function environment(
  endpoint: string,
  fn: DeployedFunction,
  bundle: string,
  credentials: RoleCredentials,
): Record<string, string> {
  const settings: WorkerSettings = {
    bundle,
    function_name: fn.FunctionName,
    function_arn: fn.FunctionArn,
    memory_mb: fn.MemorySize,
    timeout_ms: fn.Timeout * 1000,
  };
  return {
    PATH: `${dirname(nodeBinary())}:/usr/local/bin:/usr/bin:/bin`,
    AWS_ENDPOINT_URL: endpoint,
    ...fn.Environment?.Variables,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...credentials,
    AWS_LAMBDA_FUNCTION_NAME: fn.FunctionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.MemorySize),
    LAMBDA_TASK_ROOT: dirname(bundle),
    [settingsVariable]: JSON.stringify(settings),
  };
}
