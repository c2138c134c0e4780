import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { buildSdkOnly } from "../../bench/build.ts";
import { rooms } from "../../functions/rooms.ts";
import { type Bundle, bundleFunctions, bundleName } from "../../infra/bundle.ts";
import { Killable } from "../../shared/bounded/killable.ts";
import { docx, drawn, mediaTypes, paragraph, pdf, pptx, shape, xlsx } from "../support/documents.ts";

const dist = mkdtempSync(join(tmpdir(), "kaizen-bundles-"));
afterAll(() => rmSync(dist, { recursive: true, force: true }));
const bundles = new Map((await bundleFunctions(".", dist)).map((bundle) => [bundle.name, bundle]));

function bundleOf(name: string): Bundle {
  const bundle = bundles.get(name);
  if (bundle === undefined) throw new Error(`${name} has no bundle`);
  return bundle;
}

/** What a cold start reads: of a function behind the API, and of one that runs agents. */
const MOST_BYTES = { api: 683_000, execution: 900_000 };
/** The test panel validates and seals graphs, knows the models and starts runs; its calls wait for runs, not for its start. */
const MOST_BYTES_OF: Readonly<Record<string, number>> = {
  "executions-api": 685_000,
  "panel-api": 712_500,
  "policies-api": 708_500,
  "schedules-api": 698_500,
};
/** The same against a function that only has the same AWS clients. */
const MOST_TIMES_CLIENTS = 1.625;
/** Policies are checked, tried, compared and told in words by code of ours, and know each thing that they look at; beside few clients. */
const MOST_TIMES_CLIENTS_OF: Readonly<Record<string, number>> = { "policies-api": 1.92 };

/** Lambda answers with at most 6 MB; in base64 four bytes stand for three. */
const MOST_ANSWER_BYTES = 6 * 1024 * 1024;

const apis = rooms.flatMap((room) =>
  Object.entries(room.functions)
    .filter(([, { trigger }]) => trigger.kind === "api")
    .map(([name]) => bundleName(room.name, name)),
);
const executions = rooms.flatMap((room) =>
  Object.entries(room.functions)
    .filter(([, { needs }]) => needs.includes("models"))
    .map(([name]) => bundleName(room.name, name)),
);

const inParts = rooms.flatMap((room) =>
  Object.entries(room.functions)
    .filter(([, { in_parts }]) => in_parts === true)
    .map(([name]) => bundleName(room.name, name)),
);

describe("bundles", () => {
  it("every function has one", () => {
    for (const room of rooms) {
      for (const name of Object.keys(room.functions)) {
        expect(existsSync(join(dist, bundleName(room.name, name), "index.mjs")), `${room.name}/${name}`).toBe(true);
      }
    }
  });

  it.each(apis)("%s reads little when it starts, little beside its AWS clients", async (name) => {
    const { eager_bytes, clients } = bundleOf(name);
    expect(eager_bytes).toBeLessThanOrEqual(MOST_BYTES_OF[name] ?? MOST_BYTES.api);
    const sdkOnly = await buildSdkOnly(clients);
    expect(eager_bytes / sdkOnly.bytes).toBeLessThanOrEqual(MOST_TIMES_CLIENTS_OF[name] ?? MOST_TIMES_CLIENTS);
  });

  it.each(executions)("%s runs agents and reads little when it starts", (name) => {
    expect(bundleOf(name).eager_bytes).toBeLessThanOrEqual(MOST_BYTES.execution);
  });

  it.each([...bundles.keys()])(
    "%s reads its entry and nothing else before it is called, and finds the rest",
    (name) => {
      const eager = bundleOf(name).eager.map((file) => basename(file));
      const [first, ...shared] = eager;
      expect(first).toBe("index.mjs");
      // Of a function in parts also what its parts share.
      if (!inParts.includes(name)) expect(shared).toEqual([]);
      for (const file of readdirSync(join(dist, name)).filter((one) => one.endsWith(".mjs"))) {
        const text = readFileSync(join(dist, name, file), "utf8");
        const later = [...text.matchAll(/\bimport\("\.\/([^"]+)"\)/g)].map(([, other = ""]) => other);
        expect(later.filter((other) => !existsSync(join(dist, name, other)))).toEqual([]);
      }
    },
  );

  it.each(inParts)("%s reads nothing for models when it starts", (name) => {
    const { eager, eager_bytes } = bundleOf(name);
    expect(eager_bytes).toBeLessThan(640_000);
    const sources = eager.flatMap((file) => JSON.parse(readFileSync(`${file}.map`, "utf8")).sources as string[]);
    expect(
      sources.filter((source) =>
        /functions\/(executions\/(run\/agent|tools)|models\/calls\/(invoke|resolve))/.test(source),
      ),
    ).toEqual([]);
    expect(sources.filter((source) => /functions\/runs\/engine\/task\.ts/.test(source))).toHaveLength(1);
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

describe("what takes text out of files", () => {
  it("weighs less than 600 KB at its start, and 4 MB with the libraries that it loads for a file", () => {
    expect(bundleOf("agents-extract").eager_bytes).toBeLessThan(600_000);
    const folder = join(dist, "agents-extract");
    const sizes = readdirSync(folder)
      .filter((file) => file.endsWith(".mjs"))
      .map((file) => statSync(join(folder, file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(4_000_000);
  });
});

describe("a thread that a function starts", () => {
  it.each(["agents-extract", "agents-contexts"])("reads files beside %s, with all that it loads then", async (name) => {
    const thread = new Killable(pathToFileURL(join(dist, name, "extraction.worker.mjs")), {
      time_ms: 60_000,
      heap_mb: 256,
    });
    const files = [
      ["pdf", pdf([drawn("Hello")]), "[page 1]\nHello"],
      ["docx", docx(paragraph("Hello")), "Hello"],
      ["xlsx", xlsx([["A", '<row r="1"><c r="A1"><v>7</v></c></row>']]), '[sheet "A"]\n| 7 |'],
      ["pptx", pptx([{ shapes: shape("body", "Hello") }]), "[slide 1]\nHello"],
      ["html", Buffer.from("<p>Hello"), "Hello"],
    ] as const;
    for (const [format, bytes, text] of files) {
      const done = await thread.run("read", { format, media_type: mediaTypes[format], bytes, cut: false });
      expect(done, format).toEqual({ ok: true, value: { ok: true, text } });
    }
    await thread.close();
  });

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
