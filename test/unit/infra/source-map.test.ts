import { SourceMap } from "node:module";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { bundleOptions } from "../../../infra/bundle-options.ts";
import { leavePackagesOut } from "../../../infra/source-map.ts";

const bundled = await build({
  ...bundleOptions("."),
  write: false,
  outdir: "nowhere",
  entryPoints: ["shared/http/parse.ts"],
});
const text = (ending: string): string => bundled.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
const code = text(".mjs").split("\n");
const map = JSON.parse(text(".mjs.map"));
const full = new SourceMap(map);
const lean = new SourceMap({ ...map, ...leavePackagesOut(map) });

describe("the source map of a bundle", () => {
  it("says of our own code what the whole map says, and of packages nothing", () => {
    let [own, foreign] = [0, 0];
    code.forEach((line, lineNumber) => {
      for (let column = 0; column < line.length; column += 7) {
        const expected = full.findEntry(lineNumber, column);
        const found = lean.findEntry(lineNumber, column);
        if ("originalSource" in expected && !expected.originalSource.includes("node_modules/")) {
          own++;
          const { originalSource, originalLine, originalColumn } = expected;
          expect(found).toMatchObject({ originalSource, originalLine, originalColumn });
        } else {
          foreign++;
          expect(found).not.toHaveProperty("originalSource", expect.any(String));
        }
      }
    });
    expect(own).toBeGreaterThan(100);
    expect(foreign).toBeGreaterThan(100);
  });

  it("is small: Node reads it at every cold start", () => {
    const { sources, mappings } = leavePackagesOut(map);
    expect(sources.some((source) => source.includes("node_modules/"))).toBe(false);
    expect(mappings.length).toBeLessThan(map.mappings.length / 4);
  });
});
