import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { contentHash } from "../../../local/content-hash.ts";
import { readOutputs } from "../../../local/deploy.ts";
import { choosePorts } from "../../../local/dev-ports.ts";
import { withLock } from "../../../local/lock.ts";
import { isInstalled } from "../../../local/preflight.mjs";
import { findPython } from "../../../local/python.mjs";
import { findFunction } from "../../../local/stream/functions.ts";
import { keepStreamFunctions, matches, readStreamFunctions } from "../../../local/stream/manifest.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kaizen-local-"));
});
afterEach(() => rmSync(dir, { recursive: true }));
const write = (path: string, text: string) => {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  writeFileSync(join(dir, path), text);
};

describe("the hash that decides whether to deploy again", () => {
  const hash = (extra?: string) => contentHash(dir, ["infra", "lock.json", "missing"], extra);
  beforeEach(() => {
    write("infra/a.ts", "1");
    write("infra/deep/b.ts", "2");
    write("lock.json", "{}");
    write("other.txt", "x");
  });

  test("stays the same when nothing that is deployed changes", () => {
    const before = hash();
    write("other.txt", "y");
    write("infra/a.ts", "1");
    expect(hash()).toBe(before);
  });

  test("changes with any content, name, addition, removal and setting", () => {
    const seen = [hash(), hash("model=1")];
    const hashAfter = (change: () => void) => {
      change();
      seen.push(hash());
    };
    hashAfter(() => write("infra/deep/b.ts", "3"));
    hashAfter(() => renameSync(join(dir, "infra/deep/b.ts"), join(dir, "infra/deep/c.ts")));
    hashAfter(() => write("infra/new.ts", ""));
    hashAfter(() => rmSync(join(dir, "lock.json")));
    hashAfter(() => write("missing/a.ts", ""));
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe("the outputs of the stacks", () => {
  test("become one flat object, and a name with two values is refused", () => {
    write(
      "o.json",
      JSON.stringify({
        data: { TableName: "t", Same: "s", ExportsOutputRefX: "e" },
        service: { ApiUrl: "u", Same: "s" },
      }),
    );
    expect(readOutputs(join(dir, "o.json"))).toEqual({ TableName: "t", Same: "s", ApiUrl: "u" });
    write("o.json", JSON.stringify({ a: { Name: "1" }, b: { Name: "2" } }));
    expect(() => readOutputs(join(dir, "o.json"))).toThrow("Name");
  });
});

describe("the manifest of streaming functions", () => {
  const manifest = [
    { name: "runs-api", description: "runs: api", streams: [] },
    {
      name: "runs-stream",
      description: "runs: stream",
      streams: [{ method: "get", path: "/api/v1/runs/{id}/events" }],
    },
  ];

  test("names what streams, with paths under the API's base, and may be absent", () => {
    expect(readStreamFunctions(dir)).toEqual([]);
    write("manifest.json", JSON.stringify(manifest));
    expect(readStreamFunctions(dir)).toEqual([
      {
        name: "runs-stream",
        description: "runs: stream",
        bundle: join(dir, "runs-stream/index.mjs"),
        routes: [{ method: "GET", path: "/api/v1/runs/{id}/events" }],
      },
    ]);
  });

  test("is kept with its bundles apart from the bundler's folder", () => {
    write("dist/manifest.json", JSON.stringify(manifest));
    write("dist/runs-stream/index.mjs", "export {}");
    keepStreamFunctions(join(dir, "dist"), join(dir, "kept"));
    rmSync(join(dir, "dist"), { recursive: true });
    expect(readStreamFunctions(join(dir, "kept")).map(({ name }) => name)).toEqual(["runs-stream"]);
  });

  test("a route takes its own method and shape of path only", () => {
    const route = { method: "GET", path: "/api/v1/runs/{id}/events" };
    expect(matches(route, "GET", "/api/v1/runs/run_1/events")).toBe(true);
    for (const path of [
      "/api/v1/runs//events",
      "/api/v1/runs/run_1",
      "/api/v1/runs/run_1/events/x",
      "/runs/run_1/events",
    ]) {
      expect(matches(route, "GET", path)).toBe(false);
    }
    expect(matches(route, "POST", "/api/v1/runs/run_1/events")).toBe(false);
  });

  test("a deployed function is found by what it says of itself, whatever CloudFormation called it", () => {
    const fn = (FunctionName: string, Description: string) => ({
      ...{ FunctionName, Description, FunctionArn: "a", Role: "r", Timeout: 3, MemorySize: 128 },
    });
    const deployed = [
      fn("stack-Roomsexternal-1A", "external-agents: stream"),
      fn("stack-Roomsagents-2B", "agents: stream"),
      fn("stack-Roomsagents-3C", "agents: api"),
    ];
    expect(findFunction(deployed, "agents: stream").FunctionName).toBe("stack-Roomsagents-2B");
    expect(() => findFunction(deployed, "runs: stream")).toThrow("runs: stream");
  });
});

describe("the lock of deployments", () => {
  test("lets one work at a time, waits for the other, and takes over from a process that is gone", async () => {
    const file = join(dir, "lock");
    const order: string[] = [];
    const work = (name: string) =>
      withLock(file, 5_000, async () => {
        order.push(`${name} begins`);
        await sleep(50);
        order.push(`${name} ends`);
      });
    await Promise.all([work("a"), work("b")]);
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);

    writeFileSync(file, "999999999");
    expect(await withLock(file, 1_000, async () => "taken over")).toBe("taken over");
    writeFileSync(file, String(process.pid));
    await expect(withLock(file, 150, async () => "never")).rejects.toThrow("too long");
  });
});

describe("the ports of npm start", () => {
  test("stay the same from start to start, and one that is asked for must be free", async () => {
    const file = join(dir, "ports.json");
    const first = await choosePorts(file, {}, {});
    expect(await choosePorts(file, {}, {})).toEqual(first);
    expect(new Set(Object.values(first)).size).toBe(3);

    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(first.gateway, "127.0.0.1", resolve));
    try {
      expect((await choosePorts(file, {}, {})).gateway).not.toBe(first.gateway);
      await expect(choosePorts(file, { gateway: first.gateway }, {})).rejects.toThrow(`${first.gateway} is in use`);
    } finally {
      busy.close();
    }
    await expect(choosePorts(file, {}, { KAIZEN_PORT: "http" })).rejects.toThrow("KAIZEN_PORT");
  });
});

describe("installed packages", () => {
  const lock = {
    "": { name: "root" },
    "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/b-darwin": { version: "1.0.0", integrity: "sha512-b", optional: true },
  };
  const installed = (packages: object | undefined) => {
    write("package-lock.json", JSON.stringify({ packages: lock }));
    if (packages !== undefined) write("installed.json", JSON.stringify({ packages }));
    return isInstalled(join(dir, "package-lock.json"), join(dir, "installed.json"));
  };

  test("are those of the lock file, where other platforms' may be missing", () => {
    expect(installed(undefined)).toBe(false);
    expect(installed(lock)).toBe(true);
    expect(installed({ "node_modules/a": lock["node_modules/a"] })).toBe(true);
    expect(installed({ "node_modules/b-darwin": lock["node_modules/b-darwin"] })).toBe(false);
    expect(installed({ ...lock, "node_modules/a": { version: "1.0.1", integrity: "sha512-a" } })).toBe(false);
    expect(installed({ ...lock, "node_modules/a": { version: "1.0.0", integrity: "sha512-x" } })).toBe(false);
  });
});

describe("a missing Python", () => {
  test("is one clear sentence", () => {
    expect(findPython(["no-such-python"])).toEqual({
      problem: expect.stringMatching(/^Python 3\.10 or newer is needed.*\.$/),
    });
  });
});
