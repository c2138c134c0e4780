import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync, constants as zlib } from "node:zlib";
import { eventsByRoom } from "../functions/events.ts";
import { allOperations } from "../functions/operations.ts";
import { openApiDocument } from "../functions/platform/openapi/document.ts";
import { type FileIndex, fileName, INDEX_FILE } from "../functions/platform/reference/files.ts";
import { referenceStart } from "../functions/platform/reference/pages.ts";
import { scopesOf } from "../functions/platform/reference/rules/scopes.ts";
import { version } from "../functions/platform/reference/rules/version.ts";

const LIBRARY = "node_modules/@scalar/api-reference/dist/browser/standalone.js";

/** 9 of 11: the last two steps take ten times as long for a tenth less. */
const BROTLI = { params: { [zlib.BROTLI_PARAM_QUALITY]: 9 } };

/**
 * Writes the files of the API reference and of the pages into the folder of the function that serves them: the library's
 * script, the script that starts it, the OpenAPI document and the pages' script, each plain and compressed, and the index
 * that names them.
 */
export function writeReference(root: string, directory: string, pages: Buffer): void {
  mkdirSync(directory, { recursive: true });
  const write = (name: string, content: Buffer): string => {
    writeFileSync(join(directory, fileName(name, "identity")), content);
    writeFileSync(join(directory, fileName(name, "br")), brotliCompressSync(content, BROTLI));
    writeFileSync(join(directory, fileName(name, "gzip")), gzipSync(content, { level: 9 }));
    return name;
  };
  const named = (stem: string, content: Buffer): string =>
    write(`${stem}.${createHash("sha256").update(content).digest("hex").slice(0, 16)}.js`, content);
  const document = openApiDocument({ operations: allOperations, events: eventsByRoom, version });
  const scopes = scopesOf(allOperations.map(({ operation }) => operation));
  const index: FileIndex = {
    library: named("reference", readFileSync(join(root, LIBRARY))),
    start: named("start", Buffer.from(referenceStart)),
    pages: named("pages", pages),
    openapi: write("openapi.json", Buffer.from(JSON.stringify(document))),
    scopes: write("scopes.json", Buffer.from(JSON.stringify(scopes))),
  };
  writeFileSync(join(directory, INDEX_FILE), JSON.stringify(index));
}
