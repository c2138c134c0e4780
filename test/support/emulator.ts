import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import * as z from "zod";
import { freePort } from "../../local/ports.ts";
import type { LocalStack } from "../../local/stack.ts";
import { forget, startStack } from "../../local/stack.ts";
import { testProviders } from "../../local/test-providers.ts";

const stackSchema = z.looseObject({
  /** The deployed stack's outputs by name (ApiUrl, TableName, UserPoolId, …). */
  outputs: z.record(z.string(), z.string()),
  /** The emulator: AWS_ENDPOINT_URL. */
  endpoint: z.string(),
  /** The API's origin, without /api/v1. */
  apiUrl: z.string(),
  /** The origin of the operations that stream. */
  streamUrl: z.string(),
  /** The scripted model server's origin, without /v1; `GET /_requests` lists what it was asked. */
  modelServerUrl: z.string(),
  region: z.string(),
  /** Where a test can answer for name servers; nobody listens there else. */
  dnsServer: z.string().optional(),
  /** The emulator's process; functions run as its children. */
  emulatorPid: z.number(),
});

/** Addresses of the stack that a test run uses; `inject("stack")` in a test. The outputs stand beside them by name too. */
export type TestStack = z.infer<typeof stackSchema>;

declare module "vitest" {
  export interface ProvidedContext {
    stack: TestStack;
  }
}

interface SharedStack {
  users: number;
  started: Promise<{ stack: LocalStack; stateDir: string }>;
}

// Vitest loads this file once for each project, in modules of their own but in one process: the stack that they share
// hangs on the process's global object.
declare global {
  var kaizenTestStack: SharedStack | undefined;
}

/**
 * Gives the project the stack of this test run: the first project starts it, the last one to end stops it.
 * With KAIZEN_TEST_STACK_FILE the stack that wrote this file is used and nothing is started (local/test-stack.ts).
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const file = process.env.KAIZEN_TEST_STACK_FILE;
  if (file !== undefined && file !== "") {
    project.provide("stack", stackSchema.parse(JSON.parse(readFileSync(file, "utf8"))));
    return async () => {};
  }
  globalThis.kaizenTestStack ??= { users: 0, started: start() };
  const shared = globalThis.kaizenTestStack;
  shared.users++;
  const { outputs, ...addresses } = (await shared.started).stack;
  const { endpoint, apiUrl, streamUrl, modelServerUrl, region, dnsServer, emulatorPid } = addresses;
  project.provide("stack", {
    ...outputs,
    ...{ outputs, endpoint, apiUrl, streamUrl, modelServerUrl, region, dnsServer, emulatorPid },
  });
  return async () => {
    shared.users--;
    if (shared.users > 0) return;
    globalThis.kaizenTestStack = undefined;
    const { stack, stateDir } = await shared.started;
    await stack.stop();
    forget(stateDir);
  };
}

async function start(): Promise<{ stack: LocalStack; stateDir: string }> {
  const began = performance.now();
  const stateDir = mkdtempSync(join(tmpdir(), "kaizen-test-"));
  process.once("exit", () => forget(stateDir)); // a run that is interrupted is not torn down
  try {
    const stack = await startStack({
      stateDir,
      persist: false,
      context: testProviders,
      dnsServer: `127.0.0.1:${await freePort()}`,
      log: (line) => console.log(`[stack] ${line}`),
    });
    console.log(`[stack] Ready after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    return { stack, stateDir };
  } catch (error) {
    forget(stateDir);
    throw error;
  }
}
