import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";

/** What a client of AWS waits for and how often it tries. The one place where that is decided. */
export interface ClientTimes {
  /** Milliseconds until a connection stands. */
  readonly connect_ms: number;
  /** Milliseconds until the answer begins, and that it may pause: the call has failed then, whatever the service did. */
  readonly answer_ms: number;
  /** Tries in all, with the SDK's pauses (exponential, with jitter) in between. */
  readonly tries: number;
}

/**
 * The jobs that clients have. Without a time limit the SDK waits for a lost connection as long as the function lives.
 * Behind the API a function has 29 seconds, so that all tries of a job together stay below it.
 */
const jobs = {
  /** One try: `shared/dynamo` repeats by itself, because it depends on the write whether that may be done. */
  table: { connect_ms: 1_000, answer_ms: 3_000, tries: 1 },
  /** The table waits for it: it is repeated like the table itself, for as long. */
  credentials: { connect_ms: 1_000, answer_ms: 2_000, tries: 1 },
  keys: { connect_ms: 1_000, answer_ms: 3_000, tries: 4 },
  queue: { connect_ms: 1_000, answer_ms: 5_000, tries: 4 },
  bus: { connect_ms: 1_000, answer_ms: 5_000, tries: 4 },
  workflow: { connect_ms: 1_000, answer_ms: 5_000, tries: 4 },
  /** A sign-in runs our own triggers in between, each of which may take 5 seconds. */
  identities: { connect_ms: 1_000, answer_ms: 12_000, tries: 2 },
  mail: { connect_ms: 1_000, answer_ms: 10_000, tries: 2 },
  /** Who asks says how long; what is deployed is kept before the answer, and asked for again by its id. */
  functions: { connect_ms: 1_000, answer_ms: 25_000, tries: 1 },
  /** An upload of a few megabytes is part of the time; what is read afterwards is not. */
  files: { connect_ms: 1_000, answer_ms: 8_000, tries: 3 },
} as const satisfies Record<string, ClientTimes>;

export type ClientJob = keyof typeof jobs;

/** How many connections one client holds. A function's batch or fan-out rarely has more calls under way. */
const CONNECTIONS = 50;

/**
 * A logger that takes nothing. For its own silent one the SDK copies what each call sends and gets, with what is secret
 * left out of the copy: a tenth of what a call costs. Where there is no `info` and no `error` it makes no copy.
 */
const silent = { trace() {}, debug() {}, warn() {} } as unknown as NonNullable<DynamoDBClientConfig["logger"]>;

/**
 * The options of an SDK client with this job: time limits, connections that are kept, tries.
 * Every `new …Client(…)` of the product takes them.
 */
export function clientOptions(job: ClientJob) {
  const { connect_ms, answer_ms, tries } = jobs[job];
  const agent = { keepAlive: true, maxSockets: CONNECTIONS };
  return {
    maxAttempts: tries,
    logger: silent,
    requestHandler: {
      connectionTimeout: connect_ms,
      requestTimeout: answer_ms,
      // Without it the SDK only warns.
      throwOnRequestTimeout: true,
      socketTimeout: answer_ms,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
}
