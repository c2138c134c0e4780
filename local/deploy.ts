import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import * as z from "zod";
import type { Aws } from "./aws.ts";
import { awsAt, awsEnvironment, xmlText } from "./aws.ts";
import { contentHash } from "./content-hash.ts";
import { account, binDir, nodeBinary, region, repoDir } from "./paths.ts";
import { signalGroup } from "./processes.ts";
import { applyTimeToLive } from "./time-to-live.ts";

/** What a deployment is made of: when none of it has changed since the last one, there is nothing to deploy. */
const sources = ["infra", "functions", "shared", "statemachines", "cdk.json", "package-lock.json"];
const bootstrapWithinMs = 120_000;
const deployWithinMs = 300_000;

export interface DeployOptions {
  /** The emulator's address. */
  endpoint: string;
  /** Where this instance's cloud assembly is kept. */
  stateDir: string;
  /** Where `cdk` writes the stacks' outputs. */
  outputsFile: string;
  /** CDK context beside `stage=local`. */
  context?: Record<string, string>;
  /** The folder of the CDK app, with its cdk.json; the checkout when not given. */
  appDir?: string;
  /** The command that runs the CDK app. */
  app?: string;
  /** Deploy even when nothing has changed. */
  force?: boolean;
  /** Ends a deployment that is under way. */
  signal?: AbortSignal;
  log?: (line: string) => void;
}

export interface Deployment {
  /** The outputs of all stacks by name. */
  outputs: Record<string, string>;
  /** False when the last deployment was already this one. */
  deployed: boolean;
}

/** Kept in the emulator, so that it is lost together with what it describes when a hard kill loses state. */
const hashParameter = "/kaizen/local/deployed";
const parameterSchema = z.looseObject({ Parameter: z.looseObject({ Value: z.string() }) });
const outputsSchema = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * Deploys the CDK app into the emulator: bootstrap where it is missing, then all stacks, then what the emulator's
 * CloudFormation leaves out. Skipped when the same sources are deployed already. Throws with the end of CDK's output when it fails or takes too long.
 */
export async function deployLocal(options: DeployOptions): Promise<Deployment> {
  const { endpoint, stateDir, outputsFile, appDir = repoDir, signal, log = () => {} } = options;
  const aws = awsAt(endpoint);
  const context = { stage: "local", ...options.context };
  const hash = contentHash(appDir, sources, JSON.stringify([context, options.app]));
  if (options.force !== true && existsSync(outputsFile) && (await deployedHash(aws)) === hash) {
    log("The deployed stack is up to date");
    return { outputs: readOutputs(outputsFile), deployed: false };
  }
  mkdirSync(stateDir, { recursive: true });
  const assembly = join(stateDir, "cdk.out");
  const cdk = (args: string[], withinMs: number, cwd = appDir) => runCdk({ args, endpoint, cwd, withinMs, signal });
  const settings = Object.entries(context).flatMap(([key, value]) => ["--context", `${key}=${value}`]);
  let app = ["--app", options.app ?? "node infra/app.ts", "--output", assembly, ...settings];
  if (!(await isBootstrapped(aws))) {
    log("Preparing the account for deployments (cdk bootstrap)");
    // Both take seconds and need nothing of each other. Outside the app's folder bootstrap does not synthesize too.
    await Promise.all([
      cdk(["bootstrap", `aws://${account}/${region}`], bootstrapWithinMs, stateDir),
      cdk(["synth", "--quiet", ...app], bootstrapWithinMs),
    ]);
    app = ["--app", assembly];
  }
  log("Deploying the stack (cdk deploy)");
  const deploy = ["deploy", "--all", "--require-approval", "never", "--outputs-file", outputsFile];
  await cdk([...deploy, ...app], deployWithinMs);
  await applyTimeToLive(aws, assembly);
  await aws.json("ssm", "AmazonSSM.PutParameter", {
    Name: hashParameter,
    Value: hash,
    Type: "String",
    Overwrite: true,
  });
  return { outputs: readOutputs(outputsFile), deployed: true };
}

/** What is deployed; undefined when nothing is. */
async function deployedHash(aws: Aws): Promise<string | undefined> {
  try {
    return parameterSchema.parse(await aws.json("ssm", "AmazonSSM.GetParameter", { Name: hashParameter })).Parameter
      .Value;
  } catch {
    return undefined; // not there, which the emulator says with an error
  }
}

async function isBootstrapped(aws: Aws): Promise<boolean> {
  try {
    const stack = await aws.query("cloudformation", "2010-05-15", "DescribeStacks", { StackName: "CDKToolkit" });
    return /^(CREATE|UPDATE)_COMPLETE$/.test(xmlText(stack, "StackStatus") ?? "");
  } catch {
    return false;
  }
}

/** All stacks' outputs in one object; a name that two stacks use with different values is an error. */
export function readOutputs(file: string): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [stack, outputs] of Object.entries(outputsSchema.parse(readJson(file)))) {
    for (const [name, value] of Object.entries(outputs)) {
      if ((flat[name] ?? value) !== value) throw new Error(`Output ${name} of stack ${stack} is another stack's too.`);
      flat[name] = value;
    }
  }
  return flat;
}

interface CdkRun {
  args: string[];
  endpoint: string;
  cwd: string;
  withinMs: number;
  signal: AbortSignal | undefined;
}

async function runCdk({ args, endpoint, cwd, withinMs, signal }: CdkRun): Promise<void> {
  signal?.throwIfAborted();
  const cli = join(repoDir, "node_modules", "aws-cdk", "bin", "cdk");
  const quiet = ["--no-notices", "--no-version-reporting", "--ci", "--progress", "events"];
  const child = spawn(nodeBinary(), [cli, ...args, ...quiet], {
    cwd,
    detached: true, // a process group of its own, so that a time-out ends the CDK app too
    env: { ...cleanEnvironment(), ...awsEnvironment(endpoint) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  const end = () => pid !== undefined && signalGroup(pid, "SIGKILL");
  process.once("exit", end);
  signal?.addEventListener("abort", end);
  const output: string[] = [];
  child.stdout.on("data", (chunk) => output.push(String(chunk)));
  child.stderr.on("data", (chunk) => output.push(String(chunk)));
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      const lines = output.join("").trimEnd().split("\n").slice(-40).join("\n");
      reject(new Error(`cdk ${args[0]} ${reason}. The end of its output:\n${lines}`));
    };
    const timer = setTimeout(() => {
      fail(`took longer than ${withinMs / 1000} seconds`);
      end();
    }, withinMs);
    child.once("error", (error) => fail(`did not run (${error.message})`));
    child.once("close", (code, killedBy) => {
      clearTimeout(timer);
      process.off("exit", end);
      signal?.removeEventListener("abort", end);
      if (code === 0) resolve();
      else fail(`failed (${code ?? killedBy})`);
    });
  });
}

/** The user's environment without their AWS settings: a local deployment must never reach their account. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      !entry[0].startsWith("AWS_") &&
      !/^(NODE_OPTIONS|VITEST.*|CDK_.*|no_proxy)$/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    PATH: [dirname(nodeBinary()), binDir, process.env.PATH ?? ""].join(delimiter),
    NODE_ENV: "production",
    NO_PROXY: [process.env.NO_PROXY ?? process.env.no_proxy, "127.0.0.1,localhost"].filter(Boolean).join(","),
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    CDK_DEFAULT_ACCOUNT: account,
    CDK_DEFAULT_REGION: region,
  };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
