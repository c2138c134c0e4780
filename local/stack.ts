import { rmSync } from "node:fs";
import { join } from "node:path";
import { deployLocal } from "./deploy.ts";
import { ensureEmulatorInstalled, startEmulator } from "./emulator.ts";
import type { Routing } from "./gateway.ts";
import { gateway } from "./gateway.ts";
import { serveLocally } from "./http.ts";
import { sentMails } from "./mails.ts";
import { startModelServer } from "./model-server.ts";
import { region, repoDir } from "./paths.ts";
import type { StreamServers } from "./stream-server.ts";
import { startStreamServers } from "./stream-server.ts";

export interface StackOptions {
  /** Everything this stack writes. */
  stateDir: string;
  /** Whether the data survives a stop. */
  persist: boolean;
  /** Ports on 127.0.0.1; free ones are chosen where none is given. */
  ports?: { gateway?: number; emulator?: number; model?: number };
  /** Name servers that records of domains are asked of, as `address:port`; the machine's own when not given. */
  dnsServer?: string;
  /** Address of a real OpenAI-compatible server in place of the scripted one, with or without "/v1". */
  modelUrl?: string;
  /** The folder of the CDK app; the checkout when not given. */
  appDir?: string;
  /** CDK context beside what every local stack has. */
  context?: Readonly<Record<string, string>>;
  /** What the gateway's status page says. */
  status?: () => object;
  /** Gives up a start that is under way. */
  signal?: AbortSignal;
  log?: (line: string) => void;
}

/** A running stack, as tests see it: the deployed stack's outputs beside the addresses. */
export interface StackAddresses {
  outputs: Record<string, string>;
  /** The emulator, the value of AWS_ENDPOINT_URL. */
  endpoint: string;
  /** The API's origin: paths begin with /api/v1, and /docs is the reference. */
  apiUrl: string;
  /** The origin of the operations that stream; locally the gateway serves them too. */
  streamUrl: string;
  /** The OpenAI-compatible model server, without "/v1". */
  modelServerUrl: string;
  region: string;
  /** Where a test can answer for name servers; nobody listens there else. */
  dnsServer: string | undefined;
  /** The emulator's process; functions run as its children. */
  emulatorPid: number;
}

export interface LocalStack extends StackAddresses {
  /** Resolves when the emulator has ended, wanted or not. */
  ended: Promise<void>;
  /** Deploys what has changed since the last deployment. */
  redeploy(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the whole local system and deploys the stack into it; on failure nothing stays behind. */
export async function startStack(options: StackOptions): Promise<LocalStack> {
  const { stateDir, persist, ports = {}, appDir = repoDir, signal, log = () => {} } = options;
  const cleanup: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let step = cleanup.pop(); step !== undefined; step = cleanup.pop()) await step();
  };
  try {
    let routing: Routing | undefined;
    let streams: StreamServers | undefined;
    const status = options.status ?? (() => ({}));
    const front = await serveLocally(
      gateway(() => routing, status),
      ports.gateway,
    );
    cleanup.push(front.stop);
    const modelServerUrl = options.modelUrl?.replace(/\/+$/, "").replace(/\/v1$/, "");
    const model = modelServerUrl === undefined ? await startModelServer(ports.model) : { url: modelServerUrl };
    if ("stop" in model) cleanup.push(model.stop);

    await ensureEmulatorInstalled(log);
    signal?.throwIfAborted();
    log("Starting the local AWS");
    const emulator = await startEmulator({
      stateDir,
      persist,
      ...(ports.emulator === undefined ? {} : { port: ports.emulator }),
      env: { MINISTACK_BEDROCK_PROXY_URL: model.url, MINISTACK_BEDROCK_PROXY_TIMEOUT_SECONDS: "120" },
    });
    cleanup.push(emulator.stop, async () => streams?.stop());

    const stack: LocalStack = {
      outputs: {},
      endpoint: emulator.endpoint,
      apiUrl: front.url,
      streamUrl: front.url,
      modelServerUrl: model.url,
      region,
      dnsServer: options.dnsServer,
      emulatorPid: emulator.pid,
      ended: emulator.ended,
      redeploy: async () => {
        const bundles = join(stateDir, "functions");
        const { outputs, deployed } = await deployLocal({
          endpoint: emulator.endpoint,
          stateDir,
          appDir,
          outputsFile: join(stateDir, "outputs.json"),
          bundlesDir: bundles,
          context: {
            ...options.context,
            app_url: front.url,
            ...(options.dnsServer === undefined ? {} : { dns_servers: options.dnsServer }),
          },
          ...(signal === undefined ? {} : { signal }),
          log,
        });
        if (deployed || streams === undefined) {
          await streams?.stop();
          streams = await startStreamServers({
            endpoint: emulator.endpoint,
            dir: bundles,
            logFile: join(stateDir, "streams.log"),
          });
        }
        const { find } = streams;
        routing = {
          api: apiOnEmulator(emulator.endpoint, outputs.ApiUrl),
          mails: () => sentMails(emulator.endpoint),
          stream: find,
        };
        stack.outputs = outputs;
      },
      stop,
    };
    await stack.redeploy();
    return stack;
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The emulator's address of an HTTP API that needs no host name: "http://{id}.execute-api…/{stage}" is
 * "{endpoint}/_aws/execute-api/{id}/{stage}" too, so curl, browsers and macOS reach it without name resolution.
 */
export function apiOnEmulator(endpoint: string, apiUrl: string | undefined): string {
  const url = apiUrl === undefined ? null : URL.parse(apiUrl);
  const id = /^([a-z0-9]+)\.execute-api\./.exec(url?.hostname ?? "")?.[1];
  if (url === null || id === undefined) throw new Error(`The output ApiUrl is not an HTTP API's address: ${apiUrl}`);
  const stage = url.pathname.split("/")[1] || "$default";
  return `${endpoint}/_aws/execute-api/${id}/${stage}`;
}

/** Removes what a stack wrote; for stacks that keep nothing. */
export function forget(stateDir: string): void {
  rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
}
