import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { rooms } from "../../../functions/rooms.ts";

interface Import {
  readonly from: string;
  /** Path from the checkout for files of ours; the package's name for others. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const STATEMENT = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/g;

function importsOf(from: string): Import[] {
  return [...readFileSync(from, "utf8").matchAll(STATEMENT)].map(([, type, fixed, dynamic]) => {
    const target = fixed ?? dynamic ?? "";
    return {
      from,
      to: target.startsWith(".") ? normalize(join(dirname(from), target)) : target,
      typeOnly: type !== undefined,
    };
  });
}

const files = ["functions", "shared", "infra", "local"].flatMap((folder) => globSync(`${folder}/**/*.{ts,mjs}`)).sort();
const imports = files.flatMap(importsOf);
const within = (folder: string) => imports.filter(({ from }) => from.startsWith(`${folder}/`));
const show = (list: readonly Import[]) => list.map(({ from, to }) => `${from} -> ${to}`);

const roomOf = (path: string): string | undefined => /^functions\/([\w-]+)\//.exec(path)?.[1];
const entries = new Set(
  rooms.flatMap((room) => Object.values(room.functions).map(({ entry }) => `functions/${room.name}/${entry}.ts`)),
);

/** From the inside to the outside; a file may import its own layer and those before it. */
const layers = ["model", "contract", "work", "entry"] as const;
type Layer = (typeof layers)[number];

/** Where a file of a room stands. Files that are none of these help others and take no part in the rule. */
function layerOf(path: string): Layer | undefined {
  if (roomOf(path) === undefined) return undefined;
  if (entries.has(path)) return "entry";
  const name = path.split("/").slice(2).join("/");
  if (name === "model.ts") return "model";
  if (/^(operations(-[\w-]+)?|events|store)\.ts$/.test(name)) return "contract";
  return /^(handlers(-[\w-]+)?|consumers)\.ts$/.test(name) ? "work" : undefined;
}

describe("the dependency rule", () => {
  it("sees the imports that there are", () => {
    expect(imports.length).toBeGreaterThan(500);
    expect(show(imports)).toContain("functions/users/handlers.ts -> functions/users/store.ts");
    expect(show(imports)).toContain("functions/auth/model.ts -> node:crypto");
    expect(entries.size).toBeGreaterThan(10);
  });

  it("every import of a file of ours resolves", () => {
    const known = new Set(
      globSync("**/*.{ts,mts,mjs,json,html,txt}", { exclude: ["node_modules/**", "**/cdk.out/**"] }),
    );
    const ours = imports.filter(({ to }) => /^(functions|shared|infra|local|package\.json)/.test(to));
    expect(show(ours.filter(({ to }) => !known.has(to) && !known.has(to.replace(/\.mjs$/, ".d.mts"))))).toEqual([]);
  });

  it("shared knows no room, and nothing outside itself", () => {
    expect(show(within("shared").filter(({ to }) => /^(functions|infra|local|test|bench)\//.test(to)))).toEqual([]);
  });

  it("what runs in the cloud knows nothing of infra, of laptops and of tests", () => {
    const deployed = [...within("functions"), ...within("shared")];
    expect(show(deployed.filter(({ to }) => /^(infra|local|test|bench)\//.test(to)))).toEqual([]);
    expect(show(deployed.filter(({ to }) => /^(aws-cdk-lib|constructs|vitest|esbuild)/.test(to)))).toEqual([]);
  });

  it("nothing imports infra", () => {
    expect(show(imports.filter(({ from, to }) => to.startsWith("infra/") && !from.startsWith("infra/")))).toEqual([]);
  });

  it("infra reads of the rooms only what they are and what they serve", () => {
    const read = within("infra").filter(({ to }) => to.startsWith("functions/"));
    const data = /^functions\/(rooms|operations|events|[\w-]+\/room)\.ts$/;
    // The reference's pages are rendered while bundling, by the code of the room that serves them.
    const rendered = ({ from, to }: Import) => from === "infra/reference.ts" && to.startsWith("functions/platform/");
    expect(show(read.filter((one) => !data.test(one.to) && !rendered(one)))).toEqual([]);
  });

  it("a room takes from another only its events, its model and what it offers in public.ts", () => {
    const foreign = within("functions").filter(({ from, to }) => {
      const [own, other] = [roomOf(from), roomOf(to)];
      return own !== undefined && other !== undefined && own !== other;
    });
    expect(foreign.length).toBeGreaterThan(5);
    expect(show(foreign.filter(({ to }) => !/\/(events|model|public)\.ts$/.test(to)))).toEqual([]);
  });

  it("a room's data imports nothing but the words it is written in", () => {
    const data = imports.filter(({ from }) => /^functions\/[\w-]+\/room\.ts$/.test(from));
    expect(data.length).toBeGreaterThanOrEqual(rooms.length);
    expect(show(data.filter(({ to }) => to !== "shared/room.ts"))).toEqual([]);
  });

  it("inside a room: model, then operations, events and store, then handlers and consumers, then entries", () => {
    const outward = within("functions").filter(({ from, to }) => {
      const [own, other] = [layerOf(from), layerOf(to)];
      return (
        roomOf(from) === roomOf(to) &&
        own !== undefined &&
        other !== undefined &&
        layers.indexOf(other) > layers.indexOf(own)
      );
    });
    expect(show(outward)).toEqual([]);
  });

  it("nothing imports an entry, and entries are short", () => {
    expect(show(imports.filter(({ to }) => entries.has(to)))).toEqual([]);
    const long = [...entries].filter((entry) => readFileSync(entry, "utf8").split("\n").length > 60);
    expect(long).toEqual([]);
  });

  it("models read no clock, no chance, no setting and call nothing outside", () => {
    const models = files.filter((path) => layerOf(path) === "model");
    expect(models.length).toBeGreaterThan(5);
    const impure = models.filter((path) =>
      /Date\.now\(|new Date\(\)|Math\.random\(|process\.env|randomBytes|randomUUID|\bfetch\(/.test(
        readFileSync(path, "utf8"),
      ),
    );
    expect(impure).toEqual([]);
    const outside = models
      .flatMap(importsOf)
      .filter(({ to }) => /^(@aws-sdk|node:(fs|net|http|https)|undici|ai)\b/.test(to));
    expect(show(outside)).toEqual([]);
  });

  it("no file of the product is longer than 400 lines", () => {
    const long = files.filter((path) => readFileSync(path, "utf8").split("\n").length > 401);
    expect(long).toEqual([]);
  });
});
