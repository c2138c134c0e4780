import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildApiFunction, buildPlain, root } from "./build.ts";
import { MEASURED_ROOM } from "./bundle-size.ts";
import { inTurns, spreadOf } from "./measure.ts";
import { atMost, type Benchmark, context } from "./row.ts";

const ROUNDS = 21;
const here = import.meta.dirname;
const probe = join(here, "cold", "probe.mjs");
const nest = join(here, "nest");

/** What Lambda gives a function; nothing of it is called while it starts. */
const settings = {
  STAGE: "production",
  TABLE_NAME: "table",
  KEY_ARN: "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000",
  USER_POOL_ID: "us-east-1_Benchmark",
  USER_POOL_CLIENT_ID: "client",
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "none",
  AWS_SECRET_ACCESS_KEY: "none",
  NODE_ENV: "production",
};

export const coldStart: Benchmark = {
  id: "cold-start",
  title: "Cold start",
  about: `
From the start of a Node process until it has loaded the bundle and its handler is ready, as a new Lambda environment does it (without the
time AWS takes for the environment itself). Ours is the same API function as above with its real settings. The other side is
NestJS (\`nest/handler.ts\`: \`@nestjs/core\` on Express behind \`@codegenie/serverless-express\`, the way its documentation describes; one
endpoint with a validated body, a permission in a guard and an injected DynamoDB client), bundled and minified by esbuild too,
although NestJS is usually deployed with its \`node_modules\`. It is installed from \`nest/package-lock.json\` when it is missing.
The last row is the function that holds only the AWS clients.
`,
  async run() {
    const ours = await buildApiFunction(MEASURED_ROOM);
    const sdkOnly = await buildPlain("sdk-only", join(here, "sdk-only", "handler.ts"));
    const other = await buildNest();
    const rounds = await inTurns(ROUNDS, {
      ours: () => millisecondsToReady(ours.file),
      nest: () => millisecondsToReady(other.file),
      sdk: () => millisecondsToReady(sdkOnly.file),
    });
    const facts = { unit: "ms", spread: spreadOf(rounds.ours) };
    return [
      atMost(
        0.5,
        { ...facts, id: "cold-start-nestjs", what: `Process start to ready: ${MEASURED_ROOM}-api against NestJS` },
        rounds.ours.median,
        rounds.nest.median,
      ),
      context(
        {
          ...facts,
          id: "cold-start-sdk",
          what: `Process start to ready: ${MEASURED_ROOM}-api against only its AWS clients`,
        },
        rounds.ours.median,
        rounds.sdk.median,
      ),
    ];
  },
};

async function buildNest() {
  if (!existsSync(join(nest, "node_modules"))) {
    console.log("  Installing NestJS into bench/nest (npm ci)");
    const options = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
    const result = spawnSync("npm", ["ci", ...options], { cwd: nest, stdio: ["ignore", "ignore", "inherit"] });
    if (result.status !== 0) throw new Error("npm ci in bench/nest failed");
  }
  return buildPlain("nest", join(nest, "handler.ts"), {
    // NestJS looks names of classes up at run time.
    keepNames: true,
    // Packages that NestJS loads only where an application has them.
    external: ["@nestjs/microservices", "@nestjs/microservices/*", "@nestjs/websockets", "class-transformer/storage"],
  });
}

/** One start: a process that imports the bundle and reports when the handler is there. */
function millisecondsToReady(bundle: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(process.execPath, [probe, bundle], {
      cwd: root,
      env: settings,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let ready: number | undefined;
    child.stdout.once("data", () => {
      ready = performance.now() - began;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0 && ready !== undefined) resolve(ready);
      else reject(new Error(`${bundle} did not start (${code})`));
    });
  });
}
