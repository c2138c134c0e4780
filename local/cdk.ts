import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { awsEnvironment } from "./aws.ts";
import { account, binDir, nodeBinary, region, repoDir } from "./paths.ts";
import { signalGroup } from "./processes.ts";

/** One call of the CDK's command line. */
export interface CdkRun {
  args: string[];
  /** The emulator's address. */
  endpoint: string;
  cwd: string;
  withinMs: number;
  signal: AbortSignal | undefined;
}

/** Runs the CDK against the emulator and nowhere else; throws with the end of its output. */
export async function runCdk({ args, endpoint, cwd, withinMs, signal }: CdkRun): Promise<void> {
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
