import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderDocs } from "./render/all.ts";

// `npm run docs`: writes the reference documents from the registries in the code. A test refuses stale ones.

for (const [file, text] of Object.entries(await renderDocs())) {
  writeFileSync(join(import.meta.dirname, file), text);
  console.log(`docs/${file}`);
}
