import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { testTools } from "../../../local/test-tools.ts";
import { compile, document, folderFor, folderWith, run, runTool } from "./make.ts";

/** One maker of clients. */
export interface Generator {
  readonly name: string;
  /** Makes the client and compiles it with a program that uses it. @throws what was wrong */
  make(): Promise<void>;
}

export const heyApi: Generator = {
  name: "@hey-api/openapi-ts",
  async make() {
    const folder = folderWith("hey-api");
    await runTool("@hey-api/openapi-ts/bin/run.js", ["-i", document, "-o", "client", "--no-log-file"], folder);
    await compile(folder);
  },
};

export const openapiTypescript: Generator = {
  name: "openapi-typescript",
  async make() {
    const folder = folderWith("openapi-typescript");
    // As it is, it takes a field that has a default for one that must be sent.
    const optional = "--default-non-nullable=false";
    await runTool("openapi-typescript/bin/cli.js", [document, "-o", "schema.d.ts", optional], folder);
    await compile(folder);
  },
};

const program = join(import.meta.dirname, "../programs/openapi-python-client.py");
const config = join(import.meta.dirname, "../programs/openapi-python-client.yaml");

export const openapiPythonClient: Generator = {
  name: "openapi-python-client",
  async make() {
    const folder = folderFor("openapi-python-client");
    const generate = ["generate", "--config", config, "--path", document, "--output-path", "client"];
    const said = await run(join(testTools.bin, "openapi-python-client"), generate, folder, testTools.bin);
    strictEqual(/WARNING|Unable|Cannot/.exec(said)?.[0], undefined, said);
    const client = join(folder, "client");
    const used = await run(join(testTools.bin, "python"), [program, client, "kaizen_studio_api_client"], folder);
    const { modules, ...read } = JSON.parse(used) as Record<string, unknown>;
    strictEqual(Number(modules) > 500, true, used);
    deepStrictEqual(read, { role: "viewer", next: null, code: "not_found", method: "post", content: "c" });
    // One file for each operation that it can call.
    const { paths } = JSON.parse(readFileSync(document, "utf8")) as { paths: Record<string, object> };
    const operations = Object.values(paths).flatMap((methods) => Object.keys(methods));
    strictEqual(globSync("*/api/*/[!_]*.py", { cwd: client }).length, operations.length);
  },
};
