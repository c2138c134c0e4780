import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { bundleOptions } from "../infra/bundle-options.ts";

export const root = join(import.meta.dirname, "..");

/** Where benchmarks build; never the folder that deployments use. */
export const OUT = join(root, ".local", "bench");

export interface Bundle {
  readonly file: string;
  readonly bytes: number;
}

async function bundle(name: string, entry: string, options: BuildOptions): Promise<Bundle> {
  const outdir = join(OUT, name);
  rmSync(outdir, { recursive: true, force: true });
  await build({ ...options, entryPoints: [{ in: entry, out: "index" }], outdir });
  const file = join(outdir, "index.mjs");
  return { file, bytes: statSync(file).size };
}

/** The API function of a room, with the options of infra/bundle.ts. */
export const buildApiFunction = (room: string): Promise<Bundle> =>
  bundle(`${room}-api`, join(root, "functions", room, "api.ts"), bundleOptions(root));

const PLAIN = {
  bundle: true,
  minify: true,
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  outExtension: { ".js": ".mjs" },
  banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
  legalComments: "none",
  logLevel: "error",
} as const satisfies BuildOptions;

/** esbuild as anybody would use it for the Lambda runtime: one minified ESM file with the SDK as it comes. */
export const buildPlain = (name: string, entry: string, more: BuildOptions = {}): Promise<Bundle> =>
  bundle(name, entry, { ...PLAIN, ...more });
