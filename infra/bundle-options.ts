import { resolve } from "node:path";
import type { BuildOptions } from "esbuild";

/** Bundled ESM needs `require` for the CommonJS packages inside it. */
const BANNER = 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);';

/** How every function is built; bench/ builds what it measures with the same. */
export const bundleOptions = (root: string) =>
  ({
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
    // Stack traces name our lines; the sources themselves are not shipped.
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "error",
    loader: { ".html": "text", ".txt": "text" },
  }) as const satisfies BuildOptions;
