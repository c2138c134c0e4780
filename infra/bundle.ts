import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, type Metafile } from "esbuild";
import { operationsOf } from "../functions/operations.ts";
import { rooms } from "../functions/rooms.ts";
import { entryFile, type FunctionData } from "../shared/room.ts";
import { bundleOptions } from "./bundle-options.ts";
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

/** A function that calls models loads the package of a provider when it first needs it; the others are one file each. */
const loadsLazily = ({ data }: Entry): boolean => data.needs.includes("models");

/** Files of threads that functions start, by the name under which `workerFile` asks for them. */
const WORKERS = { engines: "shared/engines/worker.ts", graph: "functions/pipelines/graph/worker.ts" } as const;
const WORKERS_OUT = ".workers";

const bundleWorkers = (root: string, dist: string) =>
  build({
    ...bundleOptions(root),
    outdir: join(dist, WORKERS_OUT),
    entryPoints: Object.entries(WORKERS).map(([name, file]) => ({ in: join(root, file), out: `${name}.worker` })),
  });

/** Copies the workers that a function may start into its folder: those whose asking file is part of its bundle. */
function giveWorkers(dist: string, out: string, metafiles: readonly Metafile[]): void {
  for (const [name, file] of Object.entries(WORKERS)) {
    const asking = `${dirname(file)}/run.ts`;
    const asks = metafiles.some(({ outputs }) =>
      Object.entries(outputs).some(
        ([path, { inputs }]) =>
          path.includes(`/${out}/`) && Object.keys(inputs).some((input) => input.endsWith(asking)),
      ),
    );
    if (asks) cpSync(join(dist, WORKERS_OUT, `${name}.worker.mjs`), join(dist, out, `${name}.worker.mjs`));
  }
}

/**
 * Bundles every function of every room, AWS SDK included, and writes a manifest that the local stream server reads.
 * Single-file functions share one esbuild run; each lazily loading one is split into chunks in its own folder.
 */
export async function bundleFunctions(root = ".", dist = join(root, DIST)): Promise<Metafile> {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const entries = rooms.flatMap((room) =>
    Object.entries(room.functions).map(
      ([name, data]): Entry => ({ room: room.name, name, data, out: bundleName(room.name, name) }),
    ),
  );
  const source = ({ room, name }: Entry): string => join(root, "functions", room, entryFile(name));
  const single = entries.filter((entry) => !loadsLazily(entry));
  const runs = [
    build({
      ...bundleOptions(root),
      outdir: dist,
      entryPoints: single.map((entry) => ({ in: source(entry), out: `${entry.out}/index` })),
    }),
    ...entries.filter(loadsLazily).map((entry) =>
      build({
        ...bundleOptions(root),
        outdir: join(dist, entry.out),
        splitting: true,
        entryPoints: [{ in: source(entry), out: "index" }],
      }),
    ),
  ];
  const metafiles = (await Promise.all([...runs, bundleWorkers(root, dist)])).map(({ metafile }) => metafile);
  for (const entry of entries) giveWorkers(dist, entry.out, metafiles);
  for (const file of globSync("**/*.mjs.map", { cwd: dist })) {
    const path = join(dist, file);
    writeFileSync(path, JSON.stringify(leavePackagesOut(JSON.parse(readFileSync(path, "utf8")))));
  }
  const manifest = entries.map(({ room, name, data, out }) => ({
    name: out,
    description: functionDescription(room, name),
    room,
    handler: `${out}/index.mjs`,
    streams:
      data.trigger.kind === "stream"
        ? operationsOf(room)
            .filter((operation) => operation.served_by === name)
            .map(({ method, path }) => ({ method, path }))
        : [],
  }));
  writeReference(root, join(dist, bundleName("platform", "docs"), "files"));
  writeFileSync(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return {
    inputs: Object.assign({}, ...metafiles.map(({ inputs }) => inputs)),
    outputs: Object.assign({}, ...metafiles.map(({ outputs }) => outputs)),
  };
}
