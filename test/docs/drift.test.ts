import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderDocs } from "../../docs/render/all.ts";

const docs = join(import.meta.dirname, "../../docs");
const rendered = await renderDocs();

describe("generated documents", () => {
  it.each(Object.keys(rendered))("docs/%s says what the code says", (file) => {
    const same = readFileSync(join(docs, file), "utf8") === rendered[file];
    expect(same, `docs/${file} is stale: run \`npm run docs\``).toBe(true);
  });

  it("generating twice gives the same documents", async () => {
    expect(await renderDocs()).toEqual(rendered);
  });
});
