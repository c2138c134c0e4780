import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { rooms } from "../../functions/rooms.ts";
import { bundleFunctions, bundleName } from "../../infra/bundle.ts";
import { Killable } from "../../shared/bounded/killable.ts";

const dist = mkdtempSync(join(tmpdir(), "kaizen-bundles-"));
afterAll(() => rmSync(dist, { recursive: true, force: true }));
await bundleFunctions(".", dist);

/** What a cold start parses. */
const MOST_BYTES = 600_000;

/**
 * Rooms whose API checks graphs, expressions and patterns and keeps files: JSONata 83 KB, linear-time regular
 * expressions 151 KB, the S3 client 128 KB, evaluated when first needed.
 */
const MOST_BYTES_WITH_GRAPHS = 1_100_000;
const WITH_GRAPHS = ["agents", "pipelines", "runs"];

/** Lambda answers with at most 6 MB; in base64 four bytes stand for three. */
const MOST_ANSWER_BYTES = 6 * 1024 * 1024;

const apis = rooms.flatMap((room) =>
  Object.entries(room.functions)
    .filter(([, { trigger }]) => trigger.kind === "api")
    .map(([name, { needs }]) => [bundleName(room.name, name), room.name, needs] as const),
);

describe("bundles", () => {
  it("every function has one", () => {
    for (const room of rooms) {
      for (const name of Object.keys(room.functions)) {
        expect(existsSync(join(dist, bundleName(room.name, name), "index.mjs")), `${room.name}/${name}`).toBe(true);
      }
    }
  });

  it.each(apis)("%s stays small enough for a quick cold start", (bundle, room) => {
    const { size } = statSync(join(dist, bundle, "index.mjs"));
    expect(size).toBeLessThan(WITH_GRAPHS.includes(room) ? MOST_BYTES_WITH_GRAPHS : MOST_BYTES);
  });

  it.each(apis.filter(([, , needs]) => !needs.includes("models")))("%s carries no SDK of models", (bundle) => {
    expect(readFileSync(join(dist, bundle, "index.mjs"), "utf8")).not.toContain("AI_APICallError");
  });

  it("every file of the reference fits into one answer, compressed or not", () => {
    const files = join(dist, bundleName("platform", "docs"), "files");
    const names = readdirSync(files);
    expect(names.filter((name) => /^reference\.[0-9a-f]{16}\.js/.test(name))).toHaveLength(3);
    for (const name of names) {
      expect((statSync(join(files, name)).size * 4) / 3 + 10_000, name).toBeLessThan(MOST_ANSWER_BYTES);
    }
  });
});

describe("a thread that a function starts", () => {
  it.each(["agents-api", "pipelines-api", "runs-run-node", "executions-api"])(
    "has its file beside %s, and it works there",
    async (name) => {
      const folder = join(dist, name);
      const index = readdirSync(folder).filter((file) => file.endsWith(".mjs"));
      expect(index).toContain("engines.worker.mjs");
      const engines = new Killable(pathToFileURL(join(folder, "engines.worker.mjs")), {
        time_ms: 60_000,
        heap_mb: 128,
      });
      const scope = { input: { n: 41 } };
      expect(await engines.run("evaluate", { text: "input.n + 1", scope })).toEqual({
        ok: true,
        value: { ok: true, value: 42 },
      });
      await engines.close();
    },
  );
});
