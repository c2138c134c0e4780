import { mkdtempSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { registerPerson } from "../../local/demo-user.ts";
import { forget, type LocalStack, startStack } from "../../local/stack.ts";
import type { Means } from "./dags.ts";

const POLL_MS = 400;
const RUN_WITHIN_MS = 120_000;

const runSchema = z.object({
  status: z.string(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  error: z.unknown(),
});
const idSchema = z.object({ id: z.string() });

export interface Lab {
  readonly means: Means;
  /** Runs a graph on the deployed stack; milliseconds from its start to its end, as the run itself records them. */
  run(graph: object): Promise<number>;
  stop(): Promise<void>;
}

/** Deploys the product to a local AWS of its own and registers a company with an agent that obeys delays. */
export async function startLab(): Promise<Lab> {
  const stateDir = mkdtempSync(join(tmpdir(), "kaizen-bench-"));
  const stack = await startStack({ stateDir, persist: false });
  const delays = await startDelays();
  const stop = async () => {
    await Promise.all([stack.stop(), delays.stop()]);
    forget(stateDir);
  };
  try {
    const call = await registered(stack);
    await call("PUT", "/models/providers/scripted", {
      base_url: `${stack.modelServerUrl}/v1`,
      api_key: "scripted-key-0123456789",
      models: [{ name: "small", provider_model_id: "scripted-small", price: { input: 0, output: 0 } }],
    });
    const agent = { name: "Waiter", agent_type: "task", model_id: "scripted/small", system_prompt: "You wait." };
    const { id: agent_id } = idSchema.parse(await call("POST", "/agents", agent));
    await call("POST", `/agents/${agent_id}/activate`, {});
    const pipelines: string[] = [];
    const taken = async () =>
      pipelines.pop() ??
      idSchema.parse(await call("POST", "/pipelines", { name: `Graph ${Math.random()}`, pattern: "sequential" })).id;
    const run = async (graph: object): Promise<number> => {
      const pipeline = await taken();
      await call("PUT", `/pipelines/${pipeline}/graph`, graph);
      const { id } = idSchema.parse(await call("POST", `/pipelines/${pipeline}/runs`, { mode: "test", input: {} }));
      const ended = await untilEnded(call, id);
      pipelines.push(pipeline);
      return ended;
    };
    return { means: { waiting: delays.url, agent_id }, run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

async function registered({ apiUrl, endpoint }: LocalStack): Promise<Call> {
  const base = `${apiUrl}/api/v1`;
  const send = async (token: string | undefined, method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(base + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 2_000)}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  const company = await registerPerson(apiUrl, endpoint, {
    email: "owner@example.com",
    password: "correct horse battery staple",
    name: "Owner",
    organization_name: "Acme",
  });
  const { tokens } = z.object({ tokens: z.object({ access_token: z.string() }) }).parse(company);
  return (method, path, body) => send(tokens.access_token, method, path, body);
}

async function untilEnded(call: Call, id: string): Promise<number> {
  const end = Date.now() + RUN_WITHIN_MS;
  for (;;) {
    const { status, started_at, finished_at, error } = runSchema.parse(await call("GET", `/runs/${id}`));
    if (status === "completed" && started_at !== null && finished_at !== null)
      return Date.parse(finished_at) - Date.parse(started_at);
    if (status !== "queued" && status !== "running") throw new Error(`run ${id} ${status}: ${JSON.stringify(error)}`);
    if (Date.now() > end) throw new Error(`run ${id} does not end`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A server that answers `GET /wait/{ms}` after so long. */
async function startDelays(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const ms = Number(/^\/wait\/(\d+)$/.exec(request.url ?? "")?.[1] ?? 0);
    setTimeout(() => response.end("waited"), ms);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
