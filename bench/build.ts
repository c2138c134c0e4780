import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { bundleOptions } from "../infra/bundle-options.ts";

export const root = join(import.meta.dirname, "..");

/** Where benchmarks build; never the folder that deployments use. */
const OUT = join(root, ".local", "bench");

export interface Bundle {
  readonly file: string;
  readonly bytes: number;
  /** The AWS clients in it, by package. */
  readonly clients: readonly string[];
}

async function bundle(name: string, entry: string, options: BuildOptions): Promise<Bundle> {
  const outdir = join(OUT, name);
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({ ...options, metafile: true, entryPoints: [{ in: entry, out: "index" }], outdir });
  const file = join(outdir, "index.mjs");
  return { file, bytes: statSync(file).size, clients: clientsIn(metafile) };
}

const clientsIn = ({ inputs }: Metafile): string[] =>
  [...new Set(Object.keys(inputs).flatMap((path) => /(@aws-sdk\/client-[\w-]+)\//.exec(path)?.[1] ?? []))].sort();

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

/** A function that has these AWS clients, reads one item and does nothing else. */
export async function buildSdkOnly(room: string, clients: readonly string[]): Promise<Bundle> {
  const entry = join(OUT, `${room}-sdk-only.ts`);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(entry, await sdkOnlySource(clients));
  return buildPlain(`${room}-sdk-only`, relative(process.cwd(), entry), { absWorkingDir: process.cwd() });
}

async function sdkOnlySource(clients: readonly string[]): Promise<string> {
  const others = clients.filter((name) => name !== "@aws-sdk/client-dynamodb");
  const named = await Promise.all(others.map(async (name) => ({ name, client: await clientClass(name) })));
  return `import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
${named.map(({ name, client }) => `import { ${client} } from "${name}";`).join("\n")}

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const others = [${named.map(({ client }) => `new ${client}({})`).join(", ")}];

export const handler = async (event) => {
  const { Item } = await documents.send(new GetCommand({ TableName: process.env.TABLE_NAME, Key: { pk: event.id, sk: "ITEM" } }));
  return { Item, clients: others.length };
};
`;
}

/** `@aws-sdk/client-kms` exports `KMSClient`. */
async function clientClass(name: string): Promise<string> {
  const exported: object = await import(name);
  const found = Object.keys(exported).find((key) => /^[A-Z]\w*Client$/.test(key));
  if (found === undefined) throw new Error(`${name} exports no client`);
  return found;
}
