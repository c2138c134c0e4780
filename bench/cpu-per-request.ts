import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { awsEnvironment } from "../local/aws.ts";
import { API_BASE } from "../shared/http/operation.ts";
import { buildApiFunctions, buildPlain } from "./build.ts";
import { type AwsCall, type StandIn, startStandIn } from "./cpu/stand-in.ts";
import { inTurns, spreadOf } from "./measure.ts";
import { atMost, type Benchmark, type Row } from "./row.ts";
import { apiEvent } from "./support/event.ts";
import { functionSettings } from "./support/settings.ts";
import { CLIENT, POOL } from "./support/tokens.ts";
import { furnish, graphOf, type Scene } from "./units/scene.ts";
import { TABLE } from "./units/store.ts";
import { startWorld, type Tenant } from "./units/world.ts";

const here = import.meta.dirname;
const ROUNDS = 15;
const CALLS = 40;
/** Requests until a function's code is as fast as it gets and its slices of the rates are large. */
const WARM = 300;

interface Case {
  readonly id: string;
  readonly served_by: string;
  readonly method: string;
  readonly path: (scene: Scene) => string;
  /** Of the n-th request: a change must change something. */
  readonly body?: (scene: Scene, n: number) => unknown;
}

const cases: readonly Case[] = [
  { id: "agents.get", served_by: "agents-api", method: "GET", path: (s) => `/agents/${s.agent}` },
  { id: "agents.list", served_by: "agents-api", method: "GET", path: () => "/agents?limit=5" },
  {
    id: "agents.create",
    served_by: "agents-api",
    method: "POST",
    path: () => "/agents",
    body: (_, n) => ({
      name: `Sorter ${n}`,
      agent_type: "task",
      model_id: "amazon-bedrock/claude-sonnet-4-5",
      system_prompt: "You help.",
    }),
  },
  {
    id: "pipelines.replace_graph",
    served_by: "pipelines-api",
    method: "PUT",
    path: (s) => `/pipelines/${s.pipeline}/graph`,
    body: (s, n) => graphOf([s.agent, s.other_agent], `answer ${n}`),
  },
  {
    id: "runs.start",
    served_by: "runs-api",
    method: "POST",
    path: (s) => `/pipelines/${s.pipeline}/runs`,
    body: (_, n) => ({ mode: "test", input: { n } }),
  },
];

export const cpuPerRequest: Benchmark = {
  id: "cpu-per-request",
  title: "Processor time of a request",
  about: `
The processor time that a function's whole process takes for a request, threads and garbage collection included, read from outside the
bundle: a small stand-in for the Lambda runtime (\`cpu/runner.mjs\`) loads the function exactly as it is deployed and calls it with the
gateway's events. The other side is a bare function in such a process that makes the same calls of AWS, recorded from ours, with the
same SDK, and gives their answers. Both speak to a stand-in for AWS in another process, which answers each read as the
DynamoDB engine of the local AWS did and takes writes without making them, so that every request is the same.
`,
  async run() {
    const world = await startWorld();
    const standIn = await startStandIn(world.endpoint, world.issuer.key_set);
    try {
      const tenant = await world.found("cpu");
      const scene = await furnish(tenant, 10);
      const rows: Row[] = [];
      for (const one of cases) rows.push(await rowOf(one, scene, tenant, standIn, world.key_arn));
      return rows;
    } finally {
      await Promise.all([standIn.close(), world.stop()]);
    }
  },
};

async function rowOf(one: Case, scene: Scene, tenant: Tenant, standIn: StandIn, key_arn: string): Promise<Row> {
  const { file } = await functionOf(one.served_by);
  const settings = {
    ...functionSettings,
    TABLE_NAME: TABLE,
    KEY_ARN: key_arn,
    USER_POOL_ID: POOL,
    USER_POOL_CLIENT_ID: CLIENT,
    RATE_LIMIT_USER: "1000000",
    ...awsEnvironment(standIn.endpoint),
  };
  let n = 0;
  const events = (count: number) =>
    Array.from({ length: count }, () =>
      apiEvent(one.method, API_BASE + one.path(scene), tenant.token, one.body?.(scene, n++)),
    );
  const ours = await start(file, settings);
  await ours.call(events(WARM));
  const calls = await cheapest(standIn, () => ours.call(events(1)));
  const { file: bareFile } = await buildPlain("cpu-bare", join(here, "cpu", "bare.ts"));
  const bare = await start(bareFile, { ...settings, CALLS: JSON.stringify(calls) });
  try {
    await bare.call(events(WARM));
    const rounds = await inTurns(ROUNDS, {
      ours: () => ours.call(events(CALLS)),
      bare: () => bare.call(events(CALLS)),
    });
    const what = `${one.id}: processor time of a request against a function that makes its ${calls.length} calls of AWS`;
    const facts = { id: `cpu-${one.id}`, what, unit: "µs", spread: spreadOf(rounds.ours) };
    return atMost(1.3, facts, rounds.ours.least, rounds.bare.least);
  } finally {
    ours.process.kill();
    bare.process.kill();
  }
}

async function functionOf(name: string) {
  const found = (await buildApiFunctions()).find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no function ${name}`);
  return found;
}

/** The calls of a request that met no reservation of rates. */
async function cheapest(standIn: StandIn, call: () => Promise<unknown>): Promise<readonly AwsCall[]> {
  const tries = [await standIn.recorded(call), await standIn.recorded(call), await standIn.recorded(call)];
  return tries.reduce((least, one) => (one.length < least.length ? one : least));
}

interface Running {
  readonly process: ChildProcess;
  /** Microseconds of processor time of one call. */
  call(events: readonly APIGatewayProxyEventV2[]): Promise<number>;
}

async function start(bundle: string, env: NodeJS.ProcessEnv): Promise<Running> {
  const child = fork(join(here, "cpu", "runner.mjs"), [bundle], {
    env,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  type Told = { microseconds?: number; refused?: string };
  let heard: { resolve: (told: Told) => void; reject: (error: Error) => void } | undefined;
  child.on("message", (message) => heard?.resolve(message as Told));
  child.on("exit", (code) => heard?.reject(new Error(`${bundle} ended with ${code}`)));
  const next = (): Promise<Told> =>
    new Promise((resolve, reject) => {
      heard = { resolve, reject };
    });
  await next();
  return {
    process: child,
    async call(events) {
      child.send({ events });
      const { microseconds, refused } = await next();
      if (microseconds === undefined) throw new Error(`refused: ${refused}`);
      return microseconds;
    },
  };
}
