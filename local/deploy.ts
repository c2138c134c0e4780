import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Aws } from "./aws.ts";
import { awsAt, xmlText } from "./aws.ts";
import { runCdk } from "./cdk.ts";
import { contentHash } from "./content-hash.ts";
import { withLock } from "./lock.ts";
import { applyObjectLock } from "./object-lock.ts";
import { account, localDir, region, repoDir } from "./paths.ts";
import { keepStreamFunctions } from "./stream/manifest.ts";
import { applyTimeToLive } from "./time-to-live.ts";

/** What a deployment is made of: when none of it has changed since the last one, there is nothing to deploy. */
const sources = ["infra", "functions", "pages", "shared", "statemachines", "cdk.json", "package-lock.json"];
const bootstrapWithinMs = 300_000;
const deployWithinMs = 600_000;

export interface DeployOptions {
  /** The emulator's address. */
  endpoint: string;
  /** Where this instance's cloud assembly is kept. */
  stateDir: string;
  /** Where `cdk` writes the stacks' outputs. */
  outputsFile: string;
  /** Where the bundles of streaming functions are kept as deployed. */
  bundlesDir?: string;
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

/** Deployments from one checkout take turns: all bundle into the same folder. */
const deployLock = join(localDir, "deploy.lock");
/** Kept in the emulator, so that it is lost together with what it describes when a hard kill loses state. */
const hashParameter = "/kaizen/local/deployed";
const parameterSchema = z.looseObject({ Parameter: z.looseObject({ Value: z.string() }) });
const outputsSchema = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * Deploys the CDK app into the emulator: bootstrap where it is missing, then all stacks, then what the emulator's
 * CloudFormation leaves out. Skipped when the same sources are deployed already. Throws with the end
 * of CDK's output when it fails or takes too long.
 */
export async function deployLocal(options: DeployOptions): Promise<Deployment> {
  const { endpoint, outputsFile, appDir = repoDir, log = () => {} } = options;
  const aws = awsAt(endpoint);
  const context = { stage: "local", ...options.context };
  const hash = contentHash(appDir, sources, JSON.stringify([context, options.app]));
  if (options.force !== true && existsSync(outputsFile) && (await deployedHash(aws)) === hash) {
    log("The deployed stack is up to date");
    return { outputs: readOutputs(outputsFile), deployed: false };
  }
  return withLock(deployLock, deployWithinMs, async () => {
    await deploy(options, aws, { appDir, context });
    await aws.json("ssm", "AmazonSSM.PutParameter", {
      Name: hashParameter,
      Value: hash,
      Type: "String",
      Overwrite: true,
    });
    return { outputs: readOutputs(outputsFile), deployed: true };
  });
}

async function deploy(
  { endpoint, stateDir, outputsFile, bundlesDir, signal, app: command, log = () => {} }: DeployOptions,
  aws: Aws,
  { appDir, context }: { appDir: string; context: Record<string, string> },
): Promise<void> {
  mkdirSync(stateDir, { recursive: true });
  const assembly = join(stateDir, "cdk.out");
  const cdk = (args: string[], withinMs: number, cwd = appDir) => runCdk({ args, endpoint, cwd, withinMs, signal });
  const settings = Object.entries(context).flatMap(([key, value]) => ["--context", `${key}=${value}`]);
  let app = ["--app", command ?? "node infra/app.ts", "--output", assembly, ...settings];
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
  // Areas need nothing of each other and are deployed side by side.
  const all = ["deploy", "--all", "--concurrency", "6", "--require-approval", "never", "--outputs-file", outputsFile];
  await cdk([...all, ...app], deployWithinMs);
  if (bundlesDir !== undefined) keepStreamFunctions(join(appDir, "dist", "functions"), bundlesDir);
  await applyTimeToLive(aws, assembly);
  await applyObjectLock(aws, assembly);
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

/**
 * All stacks' outputs in one object, without the exports that CDK makes for other stacks. A name that two stacks use
 * with different values is an error.
 */
export function readOutputs(file: string): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [stack, outputs] of Object.entries(outputsSchema.parse(readJson(file)))) {
    for (const [name, value] of Object.entries(outputs)) {
      if (name.startsWith("ExportsOutput")) continue;
      if ((flat[name] ?? value) !== value) throw new Error(`Output ${name} of stack ${stack} is another stack's too.`);
      flat[name] = value;
    }
  }
  return flat;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
