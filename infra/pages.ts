import { join } from "node:path";
import { build } from "esbuild";

/** What browsers are asked to know: those of the last years. */
const TARGET = ["chrome120", "firefox121", "safari17"];

/** The script of the sign-in and account pages, as browsers load it. */
export async function bundlePages(root: string): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "pages/main.ts")],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: TARGET,
    legalComments: "none",
    logLevel: "error",
  });
  const [script] = outputFiles;
  if (script === undefined) throw new Error("the pages have no script");
  return Buffer.from(script.contents);
}
