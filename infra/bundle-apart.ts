import { cpSync, existsSync, globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { bundleOptions } from "./bundle-options.ts";

type Outputs = Metafile["outputs"];

/** Where the files are built that functions load later; each function gets copies of those that it may ask for. */
const APART = ".apart";

/**
 * What stands in a folder `lazy` is a file of its own, built once for all functions and loaded by whoever first needs it.
 * Such files hold packages or data, nothing that the rest of a function has too: there would be two of it.
 */
const lazyFiles = (root: string): string[] => globSync("{shared,functions}/**/lazy/*.ts", { cwd: root }).sort();

/**
 * Of the SDK's packages, what they load only for operations that stream events, by a dynamic import of their own. No
 * client of ours has one; in a flat bundle it would be read at each start.
 */
const EVENT_STREAMS = { package: "@smithy/core/event-streams", out: "event-streams.lazy" } as const;

const lazyName = (file: string): string => `${basename(file, ".ts")}.lazy`;

const buildLazy = (root: string, dist: string) =>
  build({
    ...bundleOptions(root),
    outdir: join(dist, APART),
    splitting: true,
    sourcemap: false,
    chunkNames: "[hash].lazy",
    entryPoints: [
      ...lazyFiles(root).map((file) => ({ in: join(root, file), out: lazyName(file) })),
      { in: EVENT_STREAMS.package, out: EVENT_STREAMS.out },
    ],
  });

/** Leaves what is imported from a folder `lazy` to the moment when it is reached: bundles are flat, the file stands beside. */
export const leaveLazyApart: Plugin = {
  name: "leave-lazy-apart",
  setup({ onResolve }) {
    onResolve({ filter: /\/lazy\/[\w-]+\.ts$/ }, ({ path, kind }) =>
      kind === "dynamic-import" ? { path: `./${lazyName(path)}.mjs`, external: true } : undefined,
    );
    onResolve({ filter: new RegExp(`^${EVENT_STREAMS.package}$`) }, ({ kind }) =>
      kind === "dynamic-import" ? { path: `./${EVENT_STREAMS.out}.mjs`, external: true } : undefined,
    );
  },
};

/** Files of threads that functions start, by the name under which `workerFile` asks for them. */
const WORKERS = {
  engines: "shared/engines/worker.ts",
  graph: "functions/pipelines/graph/worker.ts",
  extraction: "functions/agents/contexts/extraction/worker.ts",
  yaml: "functions/exchange/yaml/worker.ts",
  drawing: "functions/pipelines/drawing/worker.ts",
} as const;

const buildWorkers = (root: string, dist: string) =>
  build({
    ...bundleOptions(root),
    plugins: [leaveLazyApart],
    outdir: join(dist, APART),
    entryPoints: Object.entries(WORKERS).map(([name, file]) => ({ in: join(root, file), out: `${name}.worker` })),
  });

/** What is asked for by `require`, which the bundler does not see: these files by that one. */
const REQUIRED = { by: "shared/engines/packages.ts", folder: "shared/engines/lazy/" } as const;

/** The files of threads and packages that one of these inputs may ask for. */
function askedBy(inputs: readonly string[], root: string): string[] {
  const has = (file: string): boolean => inputs.some((input) => input.endsWith(file));
  const workers = Object.entries(WORKERS).filter(([, file]) => has(`${dirname(file)}/run.ts`));
  const required = has(REQUIRED.by) ? lazyFiles(root).filter((file) => file.startsWith(REQUIRED.folder)) : [];
  return [...workers.map(([name]) => `${name}.worker.mjs`), ...required.map((file) => `${lazyName(file)}.mjs`)];
}

/** Builds all that functions load later: threads and packages. */
export async function bundleApart(root: string, dist: string): Promise<Outputs> {
  const [lazy, workers] = await Promise.all([buildLazy(root, dist), buildWorkers(root, dist)]);
  return { ...lazy.metafile.outputs, ...workers.metafile.outputs };
}

/** Copies into a function's folder what its own files may ask for later, and what that asks for. */
export function giveApart(
  root: string,
  dist: string,
  folder: string,
  own: readonly (Outputs[string] | undefined)[],
  apart: Outputs,
): void {
  const known = new Map(Object.entries(apart).map(([path, output]) => [basename(path), output]));
  const askedFor = (output: Outputs[string] | undefined): string[] => [
    ...askedBy(Object.keys(output?.inputs ?? {}), root),
    ...(output?.imports ?? []).map(({ path }) => basename(path)),
  ];
  const wanted = new Set(own.flatMap(askedFor));
  for (const name of wanted) {
    if (!existsSync(join(dist, APART, name))) continue;
    cpSync(join(dist, APART, name), join(dist, folder, name));
    for (const more of askedFor(known.get(name))) wanted.add(more);
  }
}
