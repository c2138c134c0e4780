import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build, type Metafile } from "esbuild";
import { operationsOf } from "../functions/operations.ts";
import { rooms } from "../functions/rooms.ts";
import { API_BASE } from "../shared/http/operation.ts";
import { entryFile, type FunctionData } from "../shared/room.ts";
import { bundleApart, giveApart, leaveLazyApart } from "./bundle-apart.ts";
import { bundleOptions } from "./bundle-options.ts";
import { bundlePages } from "./pages.ts";
import { writeReference } from "./reference.ts";
import { leavePackagesOut } from "./source-map.ts";

/** Where the app of this checkout bundles to. */
export const DIST = "dist/functions";

/** Folder name of a bundled function: `agents-api`. */
export const bundleName = (room: string, name: string): string => `${room}-${name.replaceAll("_", "-")}`;

/** How a deployed function is told from others: CloudFormation chooses its name. */
export const functionDescription = (room: string, name: string): string => `${room}: ${name}`;

interface Entry {
  readonly room: string;
  readonly name: string;
  readonly data: FunctionData;
  readonly out: string;
}

/** One built function. */
export interface Bundle {
  /** Its folder: `agents-api`. */
  readonly name: string;
  /** Everything that a cold start reads: the entry, and what that imports without waiting for a need. */
  readonly eager: readonly string[];
  readonly eager_bytes: number;
  /** Packages of AWS's clients in it, also those that it loads later. */
  readonly clients: readonly string[];
}

type Outputs = Metafile["outputs"];

/** What a function streams, as the local server finds it: operations of the API, or all of an address of its own. */
function streamsOf(room: string, name: string, { trigger }: FunctionData) {
  if (trigger.kind === "door") return [{ method: "*", path: "/v1/{proxy+}" }];
  if (trigger.kind !== "stream") return [];
  return operationsOf(room)
    .filter((operation) => operation.served_by === name)
    .map(({ method, path }) => ({ method, path: `${API_BASE}${path}` }));
}

/** What an output reaches by imports of these kinds, itself included. What stands apart is known by its file name. */
function reached(outputs: Outputs, from: string, kinds: readonly string[]): string[] {
  const named = new Map(Object.keys(outputs).map((path) => [basename(path), path]));
  const found = new Set([from]);
  for (const path of found) {
    for (const { path: to, kind, external } of outputs[path]?.imports ?? []) {
      const file = external ? named.get(basename(to)) : to;
      if (kinds.includes(kind) && file !== undefined) found.add(file);
    }
  }
  return [...found];
}

const EAGER = ["import-statement", "require-call"] as const;
const ANY = [...EAGER, "dynamic-import"] as const;

function described(name: string, index: string, outputs: Outputs, root: string): Bundle {
  const eager = reached(outputs, index, EAGER);
  const inputs = reached(outputs, index, ANY).flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
  return {
    name,
    eager: eager.map((path) => join(root, path)),
    eager_bytes: eager.reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0),
    clients: [...new Set(inputs.flatMap((path) => /(@aws-sdk\/client-[\w-]+)\//.exec(path)?.[1] ?? []))].sort(),
  };
}

/**
 * Bundles every function of every room, AWS SDK included, and writes a manifest that the local stream server reads.
 * All functions share one esbuild run; so does all that they load later.
 */
export async function bundleFunctions(root = ".", dist = join(root, DIST)): Promise<readonly Bundle[]> {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const entries = rooms.flatMap((room) =>
    Object.entries(room.functions).map(
      ([name, data]): Entry => ({ room: room.name, name, data, out: bundleName(room.name, name) }),
    ),
  );
  const source = ({ room, name }: Entry) => join(root, "functions", room, entryFile(name));
  const options = { ...bundleOptions(root), plugins: [leaveLazyApart] };
  const inParts = entries.filter(({ data }) => data.in_parts === true);
  const [main, apart, pages, ...parts] = await Promise.all([
    build({
      ...options,
      outdir: dist,
      entryPoints: entries
        .filter((entry) => !inParts.includes(entry))
        .map((entry) => ({ in: source(entry), out: `${entry.out}/index` })),
    }),
    bundleApart(root, dist),
    bundlePages(root),
    // A run for each: what two of them share would else be files of their own.
    ...inParts.map((entry) =>
      build({
        ...options,
        splitting: true,
        outdir: join(dist, entry.out),
        chunkNames: "[name]-[hash]",
        entryPoints: [{ in: source(entry), out: "index" }],
      }),
    ),
  ]);
  const outputs = Object.assign({}, main.metafile.outputs, ...parts.map(({ metafile }) => metafile.outputs)) as Outputs;
  const indexes = Object.keys(outputs).filter((path) => basename(path) === "index.mjs");
  for (const path of indexes) {
    const own = Object.keys(outputs).filter((one) => dirname(one) === dirname(path));
    giveApart(
      root,
      dist,
      basename(dirname(path)),
      own.map((one) => outputs[one]),
      apart,
    );
  }
  for (const file of globSync("**/*.mjs.map", { cwd: dist })) {
    const path = join(dist, file);
    writeFileSync(path, JSON.stringify(leavePackagesOut(JSON.parse(readFileSync(path, "utf8")))));
  }
  const manifest = entries.map(({ room, name, data, out }) => ({
    name: out,
    description: functionDescription(room, name),
    room,
    handler: `${out}/index.mjs`,
    streams: streamsOf(room, name, data),
  }));
  writeReference(root, join(dist, bundleName("platform", "docs"), "files"), pages);
  writeFileSync(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return indexes.map((path) => described(basename(dirname(path)), path, { ...outputs, ...apart }, root));
}
