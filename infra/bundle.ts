import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Metafile } from "esbuild";
import { operationsOf } from "../functions/operations.ts";
import { rooms } from "../functions/rooms.ts";

export const DIST = "dist/functions";

/** Folder name of a bundled function: `agents-api`. */
export const bundleName = (room: string, name: string): string => `${room}-${name.replaceAll("_", "-")}`;

/** Bundled ESM needs `require` for the CommonJS packages inside it. */
const BANNER = 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);';

/**
 * Bundles every function of every room in one esbuild run, AWS SDK included, and writes a manifest that the local
 * stream server reads.
 */
export async function bundleFunctions(root = "."): Promise<Metafile> {
  const dist = join(root, DIST);
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const entries = rooms.flatMap((room) =>
    Object.entries(room.functions).map(([name, spec]) => ({ room, name, spec, out: bundleName(room.name, name) })),
  );
  const result = await build({
    entryPoints: entries.map(({ room, spec, out }) => ({
      in: join(root, "functions", room.name, `${spec.entry}.ts`),
      out: `${out}/index`,
    })),
    outdir: dist,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    banner: { js: BANNER },
    legalComments: "none",
    alias: { "@aws-sdk/credential-provider-node": resolve(root, "infra/lambda-credentials.ts") },
    metafile: true,
    logLevel: "error",
    loader: { ".html": "text", ".txt": "text" },
  });
  const manifest = entries.map(({ room, name, spec, out }) => ({
    name: out,
    room: room.name,
    entry: spec.entry,
    handler: `${out}/index.mjs`,
    streams:
      spec.trigger.kind === "stream"
        ? operationsOf(room.name)
            .filter((o) => o.served_by === name)
            .map(({ method, path }) => ({ method, path }))
        : [],
  }));
  writeFileSync(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(dist, "meta.json"), JSON.stringify(result.metafile));
  return result.metafile;
}
