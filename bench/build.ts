import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { rooms } from "../functions/rooms.ts";
import { bundleFunctions, bundleName } from "../infra/bundle.ts";

export const root = join(import.meta.dirname, "..");

/** Where benchmarks build; never the folder that deployments use. */
const OUT = join(root, ".local", "bench");

export interface Bundle {
  readonly file: string;
  readonly bytes: number;
}

/** A function of ours; `bytes` are what it reads when it starts. */
export interface ApiFunction extends Bundle {
  readonly name: string;
  /** Packages of the AWS clients in it, also those that it loads later. */
  readonly clients: readonly string[];
}

let built: ReturnType<typeof allFunctions> | undefined;

/** All functions behind the API, as infra/bundle.ts builds them for deployment. */
export const buildApiFunctions = (): Promise<readonly ApiFunction[]> => buildFunctions(({ kind }) => kind === "api");

/** The function that does a run's tasks. */
export async function buildRunFunction(): Promise<ApiFunction> {
  const [found] = await buildFunctions(({ kind }) => kind === "task");
  if (found === undefined) throw new Error("there is no function for the tasks of runs");
  return found;
}

type Trigger = (typeof rooms)[number]["functions"][string]["trigger"];

async function buildFunctions(wanted: (trigger: Trigger) => boolean): Promise<readonly ApiFunction[]> {
  built ??= allFunctions(join(OUT, "functions"));
  return (await built).filter(({ trigger }) => wanted(trigger));
}

async function allFunctions(dist: string): Promise<readonly (ApiFunction & { readonly trigger: Trigger })[]> {
  const bundles = await bundleFunctions(root, dist);
  return rooms.flatMap((room) =>
    Object.entries(room.functions).map(([name, { trigger }]) => {
      const bundle = bundles.find((one) => one.name === bundleName(room.name, name));
      if (bundle === undefined) throw new Error(`${room.name} has no bundle of ${name}`);
      const { eager_bytes, clients } = bundle;
      return { name: bundle.name, file: join(dist, bundle.name, "index.mjs"), bytes: eager_bytes, clients, trigger };
    }),
  );
}

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
export async function buildPlain(name: string, entry: string, more: BuildOptions = {}): Promise<Bundle> {
  const outdir = join(OUT, name);
  rmSync(outdir, { recursive: true, force: true });
  await build({ ...PLAIN, ...more, entryPoints: [{ in: entry, out: "index" }], outdir });
  const file = join(outdir, "index.mjs");
  return { file, bytes: statSync(file).size };
}

const sdkOnly = new Map<string, Promise<Bundle>>();

/** A function that has these AWS clients, reads one item and does nothing else. */
export function buildSdkOnly(clients: readonly string[]): Promise<Bundle> {
  const name = ["sdk-only", ...clients.map(shortName)].join("-");
  const known = sdkOnly.get(name);
  if (known !== undefined) return known;
  const building = (async () => {
    const entry = join(OUT, `${name}.ts`);
    mkdirSync(OUT, { recursive: true });
    writeFileSync(entry, await sdkOnlySource(clients));
    return buildPlain(name, relative(process.cwd(), entry), { absWorkingDir: process.cwd() });
  })();
  sdkOnly.set(name, building);
  return building;
}

/** `@aws-sdk/client-kms` is `kms`. */
export const shortName = (client: string): string => client.replace("@aws-sdk/client-", "");

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
