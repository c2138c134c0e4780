import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { localDir } from "../../../local/paths.ts";
import { testTools } from "../../../local/test-tools.ts";
import type { Generator } from "./generators.ts";
import { compile, document, folderFor, run } from "./make.ts";

/** Makers of clients that need Go or Java, which not everybody who works here has. Run by hand: `npm run clients`. */
export interface ForeignGenerator extends Generator {
  /** The program without which it cannot run, and how it says that it is there. */
  readonly needs: readonly [string, string];
}

const OAPI_CODEGEN = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2";
const GENERATOR = "7.25.0";

const go = (args: readonly string[], folder: string) => run("go", args, folder);

const oapiCodegen: ForeignGenerator = {
  name: "oapi-codegen (Go)",
  needs: ["go", "version"],
  async make() {
    const folder = folderFor("oapi-codegen");
    await go(["mod", "init", "example.com/client"], folder);
    const generate = ["-generate", "types,client", "-package", "client", "-o", "client.gen.go", document];
    await go(["run", OAPI_CODEGEN, ...generate], folder);
    await go(["mod", "tidy"], folder);
    await go(["build", "./..."], folder);
    await go(["vet", "./..."], folder);
  },
};

/** The generator's jar, fetched once. */
async function jar(): Promise<string> {
  const folder = join(localDir, "clients-jar");
  const file = join(folder, `openapi-generator-cli-${GENERATOR}.jar`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const path = `org/openapitools/openapi-generator-cli/${GENERATOR}/openapi-generator-cli-${GENERATOR}.jar`;
  const answer = await fetch(`https://repo1.maven.org/maven2/${path}`);
  if (!answer.ok || answer.body === null) throw new Error(`The generator's jar could not be fetched: ${answer.status}`);
  await pipeline(Readable.from(answer.body), createWriteStream(`${file}.part`));
  renameSync(`${file}.part`, file);
  return file;
}

async function openapiGenerator(language: string): Promise<string> {
  const folder = folderFor(`openapi-generator-${language}`);
  await run("java", ["-jar", await jar(), "generate", "-i", document, "-g", language, "-o", folder], folder);
  return folder;
}

const typescriptFetch: ForeignGenerator = {
  name: "openapi-generator typescript-fetch",
  needs: ["java", "-version"],
  async make() {
    await compile(await openapiGenerator("typescript-fetch"));
  },
};

const IMPORT_ALL = `
import importlib, pkgutil, openapi_client
for found in pkgutil.walk_packages(openapi_client.__path__, "openapi_client."):
    importlib.import_module(found.name)
problem = openapi_client.NotFoundProblem.from_dict(
    {"type": "/e", "title": "t", "status": 404, "detail": "d", "remedy": "m", "code": "not_found", "request_id": "r"}
)
assert problem.code == "not_found"
body = openapi_client.AgentsCreateContextBody.from_dict({"content_type": "text", "name": "n", "content": "c"})
assert body.actual_instance.content == "c"
`;

const python: ForeignGenerator = {
  name: "openapi-generator python",
  needs: ["java", "-version"],
  async make() {
    const folder = await openapiGenerator("python");
    const environment = join(localDir, "clients-python");
    const own = join(environment, "bin/python");
    const wanted = readFileSync(join(folder, "requirements.txt"), "utf8");
    const stamp = join(environment, "requirements.txt");
    if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
      rmSync(environment, { recursive: true, force: true });
      await run(join(testTools.bin, "python"), ["-m", "venv", environment], folder);
      await run(own, ["-m", "pip", "install", "--quiet", "-r", "requirements.txt"], folder);
      writeFileSync(stamp, wanted);
    }
    await run(own, ["-m", "compileall", "-q", "openapi_client"], folder);
    await run(own, ["-c", IMPORT_ALL], folder);
  },
};

export const foreignGenerators: readonly ForeignGenerator[] = [oapiCodegen, python, typescriptFetch];
