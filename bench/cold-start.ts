import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type ApiFunction,
  type Bundle,
  buildApiFunctions,
  buildPlain,
  buildRunFunction,
  buildSdkOnly,
  root,
} from "./build.ts";
import { inTurns, spreadOf } from "./measure.ts";
import { atMost, type Benchmark, context, type Row } from "./row.ts";
import { functionSettings } from "./support/settings.ts";

const ROUNDS = 7;
const here = import.meta.dirname;
const probe = join(here, "cold", "probe.mjs");
const nest = join(here, "nest");

export const coldStart: Benchmark = {
  id: "cold-start",
  title: "Cold start",
  about: `
From the start of a Node process until it has loaded the bundle and its handler is ready, as a new Lambda environment does it (without the
time AWS takes for the environment itself). Ours are all functions behind the API, and the one that does the tasks of runs, with the settings that infra gives them. The other side is
NestJS (\`nest/handler.ts\`: \`@nestjs/core\` on Express behind \`@codegenie/serverless-express\`, the way its documentation describes; one
endpoint with a validated body, a permission in a guard and an injected DynamoDB client), bundled and minified by esbuild too,
although NestJS is usually deployed with its \`node_modules\`. It is installed from \`nest/package-lock.json\` when it is missing.
The other rows compare with the function that holds only the same AWS clients.
`,
  async run() {
    const other = await buildNest();
    const rows: Row[] = [];
    for (const one of [...(await buildApiFunctions()), await buildRunFunction()])
      rows.push(...(await rowsOf(one, other)));
    return rows;
  },
};

async function rowsOf(ours: ApiFunction, other: Bundle): Promise<Row[]> {
  const sdkOnly = await buildSdkOnly(ours.clients);
  const rounds = await inTurns(ROUNDS, {
    ours: () => millisecondsToReady(ours.file),
    nest: () => millisecondsToReady(other.file),
    sdk: () => millisecondsToReady(sdkOnly.file),
  });
  const facts = { unit: "ms", spread: spreadOf(rounds.ours) };
  const what = `Process start to ready: ${ours.name} against`;
  return [
    atMost(
      0.5,
      { ...facts, id: `cold-start-nestjs-${ours.name}`, what: `${what} NestJS` },
      rounds.ours.median,
      rounds.nest.median,
    ),
    context(
      { ...facts, id: `cold-start-sdk-${ours.name}`, what: `${what} only its AWS clients` },
      rounds.ours.median,
      rounds.sdk.median,
    ),
  ];
}

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
      env: functionSettings,
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
