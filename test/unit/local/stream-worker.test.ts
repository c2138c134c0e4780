import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { nodeBinary, repoDir } from "../../../local/paths.ts";
import { ended } from "../../../local/processes.ts";
import type { WorkerSettings } from "../../../local/stream/protocol.ts";
import { settingsVariable, workerOutputSchema } from "../../../local/stream/protocol.ts";

const cleanup: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function start(source: string, timeoutMs = 5_000) {
  const dir = mkdtempSync(join(tmpdir(), "kaizen-worker-"));
  cleanup.push(() => rmSync(dir, { recursive: true }));
  const bundle = join(dir, "index.mjs");
  writeFileSync(bundle, source);
  const settings: WorkerSettings = {
    bundle,
    function_name: "fn",
    function_arn: "arn:fn",
    memory_mb: 128,
    timeout_ms: timeoutMs,
  };
  const child = fork(join(repoDir, "local", "stream", "worker.ts"), [], {
    execPath: nodeBinary(),
    execArgv: [],
    env: { [settingsVariable]: JSON.stringify(settings), TABLE_NAME: "t1" },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  cleanup.push(async () => {
    child.kill("SIGKILL");
    await ended(child);
  });
  const output = await new Promise((resolve) => child.once("message", resolve));
  return { child, output: workerOutputSchema.parse(output) };
}

const serving = async (body: string, timeoutMs?: number) => {
  const source = `export const handler = awslambda.streamifyResponse(async (event, stream, context) => {${body}});`;
  const { output, child } = await start(source, timeoutMs);
  if (!("port" in output)) throw new Error(output.problem);
  return { url: `http://127.0.0.1:${output.port}`, child };
};

describe("the process of a streaming function", () => {
  test("gives the handler event, context and environment, and streams what it writes as it writes it", async () => {
    // The second part is not written before the first has arrived here.
    const { url } = await serving(`
      if (event.rawPath === "/go-on") { globalThis.goOn(); stream.end(); return; }
      const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "Content-Type": "text/event-stream" }, cookies: ["a=1"] });
      out.write(JSON.stringify({ path: event.rawPath, body: event.body, table: process.env.TABLE_NAME, fn: context.functionName }));
      await new Promise((resolve) => { globalThis.goOn = resolve; });
      out.write("end");
      out.end();`);
    const response = await fetch(`${url}/api/v1/x`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.getSetCookie()).toEqual(["a=1"]);
    const parts: string[] = [];
    for await (const part of response.body ?? []) {
      parts.push(Buffer.from(part).toString());
      if (parts.length === 1) await fetch(`${url}/go-on`);
    }
    expect(parts).toEqual([expect.any(String), "end"]);
    expect(JSON.parse(parts[0] ?? "")).toEqual({ path: "/api/v1/x", body: "{}", table: "t1", fn: "fn" });
  });

  test("answers 502 without the error's text when the handler throws before its first byte", async () => {
    const { url } = await serving(`throw new Error("secret detail");`);
    const response = await fetch(url);
    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({ Message: "Internal Server Error" });
  });

  test("breaks the stream off when the handler throws in the middle, and when its time is over", async () => {
    const thrown = await serving(
      `stream.write("a"); await new Promise((r) => setTimeout(r, 20)); throw new Error("x");`,
    );
    await expect((await fetch(thrown.url)).text()).rejects.toThrow();
    const slow = await serving(`stream.write("a"); await new Promise((r) => setTimeout(r, 60_000));`, 200);
    await expect((await fetch(slow.url)).text()).rejects.toThrow();
  });

  test("takes new credentials while it runs", async () => {
    const { url, child } = await serving(`stream.write(process.env.AWS_ACCESS_KEY_ID ?? "none"); stream.end();`);
    const credentials = {
      AWS_ACCESS_KEY_ID: "ASIA2",
      AWS_SECRET_ACCESS_KEY: "s",
      AWS_SESSION_TOKEN: "t",
      AWS_CREDENTIAL_EXPIRATION: "2030-01-01T00:00:00Z",
    };
    expect(await (await fetch(url)).text()).toBe("none");
    child.send({ credentials });
    await expect.poll(async () => (await fetch(url)).text()).toBe("ASIA2");
  });

  test("ends when its parent lets go of it", async () => {
    const { child } = await serving(`stream.end();`);
    child.disconnect();
    await ended(child);
    expect(child.exitCode).toBe(0);
  });

  test("says why a bundle does not load", async () => {
    const { output } = await start(`throw new Error("no TABLE");`);
    expect(output).toMatchObject({ problem: expect.stringContaining("no TABLE") });
  });
});
