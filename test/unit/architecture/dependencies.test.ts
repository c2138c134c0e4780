import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { rooms } from "../../../functions/rooms.ts";
import { entryFile } from "../../../shared/room.ts";

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
  rooms.flatMap((room) => Object.keys(room.functions).map((name) => `functions/${room.name}/${entryFile(name)}`)),
);

/** From the inside to the outside; a file may import its own layer and those before it. */
const layers = ["rules", "contract", "work", "handlers", "entry"] as const;
type Layer = (typeof layers)[number];

/**
 * Where a file of a room stands. The same nouns stand at the top of a room and in its topics, which are folders; a
 * topic also has files named after what they do (work), and a folder of pure rules.
 */
function layerOf(path: string): Layer | undefined {
  if (roomOf(path) === undefined) return undefined;
  if (entries.has(path)) return "entry";
  const parts = path.split("/").slice(2);
  const noun = parts.at(-1)?.replace(/\.ts$/, "") ?? "";
  if (parts.includes("entries")) return undefined;
  if (parts.slice(0, -1).includes("rules") || noun === "model" || noun === "rules") return "rules";
  if (/^(room|operations|events|store|resources|mails)$/.test(noun)) return "contract";
  if (/^(handlers|consumers)$/.test(noun)) return "handlers";
  if (/^(public|deps)$/.test(noun)) return "work";
  return parts.length > 1 ? "work" : undefined;
}

describe("the dependency rule", () => {
  it("sees the imports that there are", () => {
    expect(imports.length).toBeGreaterThan(500);
    expect(show(imports)).toContain("functions/users/handlers.ts -> functions/users/model.ts");
    expect(show(imports)).toContain("functions/auth/throttle/model.ts -> node:crypto");
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

  it("the environment of a function is read in one place, by the names that shared/config/settings.ts describes", () => {
    const deployed = files.filter((file) => /^(functions|shared)\//.test(file));
    const reads = deployed.filter((file) => /process\.env\b|\benv\b.*node:process/.test(readFileSync(file, "utf8")));
    expect(reads).toEqual(["shared/config/env.ts"]);
    const parse = imports.filter(({ to, typeOnly }) => to === "shared/config/env.ts" && !typeOnly);
    expect(show(parse)).toEqual(["shared/config/settings.ts -> shared/config/env.ts"]);
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

  it("a room takes from another only its events, its model, what its paths name and what it offers in public.ts", () => {
    const foreign = within("functions").filter(({ from, to }) => {
      const [own, other] = [roomOf(from), roomOf(to)];
      return own !== undefined && other !== undefined && own !== other;
    });
    expect(foreign.length).toBeGreaterThan(5);
    expect(show(foreign.filter(({ to }) => !/\/(events|model|public|resources)\.ts$/.test(to)))).toEqual([]);
  });

  it("a room's data imports nothing but the words it is written in", () => {
    const data = imports.filter(({ from }) => /^functions\/[\w-]+\/room\.ts$/.test(from));
    expect(data.length).toBeGreaterThanOrEqual(rooms.length);
    expect(show(data.filter(({ to }) => to !== "shared/room.ts"))).toEqual([]);
  });

  it("every file of a room stands in a layer", () => {
    const own = files.filter((path) => roomOf(path) !== undefined);
    expect(own.length).toBeGreaterThan(200);
    expect(own.filter((path) => layerOf(path) === undefined)).toEqual([]);
    expect([...entries].filter((entry) => !files.includes(entry))).toEqual([]);
  });

  it("inside a room: rules, then operations, events, mails and store, then work, then handlers and consumers, then entries", () => {
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

  it("what is loaded later holds packages or data of its own, and nothing of which the rest of a function has another one", () => {
    const later = imports.filter(({ from }) => from.includes("/lazy/"));
    expect(later.length).toBeGreaterThan(10);
    const code = later.filter(({ to, typeOnly }) => !typeOnly && /^(functions|shared)\//.test(to));
    // The engine of policies is pure: two of it would say the same.
    const pure = ({ from, to }: Import) =>
      from === "shared/policies/lazy/policies.ts" && to.startsWith("shared/policies/");
    expect(show(code.filter((one) => !/\/lazy\/[\w-]+\.json$/.test(one.to) && !pure(one)))).toEqual([]);
  });

  it("rooms do not form circles", () => {
    const uses = new Map<string, Set<string>>();
    for (const { from, to, typeOnly } of within("functions")) {
      const [own, other] = [roomOf(from), roomOf(to)];
      if (typeOnly || own === undefined || other === undefined || own === other) continue;
      if (/\/events\.ts$/.test(to)) continue;
      uses.set(own, (uses.get(own) ?? new Set()).add(other));
    }
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      [...(uses.get(from) ?? [])].some((next) => {
        if (next === to) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return reaches(next, to, seen);
      });
    expect([...uses.keys()].filter((room) => reaches(room, room))).toEqual([]);
  });

  it("nothing imports an entry, and entries are short", () => {
    expect(show(imports.filter(({ to }) => entries.has(to)))).toEqual([]);
    const long = [...entries].filter((entry) => readFileSync(entry, "utf8").split("\n").length > 60);
    expect(long).toEqual([]);
  });

  it("rules read no clock, no chance, no setting and call nothing outside", () => {
    const models = files.filter((path) => layerOf(path) === "rules");
    expect(models.length).toBeGreaterThan(50);
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
