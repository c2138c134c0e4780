import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { build, type Plugin } from "esbuild";
import { zipSync } from "fflate";
import { inject } from "vitest";
import { leaveLazyApart } from "../../infra/bundle-apart.ts";
import { bundleOptions } from "../../infra/bundle-options.ts";
import { rootCredentials } from "../../local/aws.ts";
import { repoDir } from "../../local/paths.ts";
import type { DeployedFunction } from "../../local/stream/functions.ts";
import { type ApiAnswer, answerOf, unique } from "./api.ts";

/** What a source file says otherwise in a variant: the text, which stands in it once, and what stands there instead. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const edited = (edits: readonly Edit[]): Plugin => ({
  name: "edited",
  setup({ onLoad }) {
    for (const { file, from, to } of edits)
      onLoad({ filter: new RegExp(`${file.replaceAll(/[.\\/]/g, "\\$&")}$`) }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        if (text.split(from).length !== 2) throw new Error(`${file} does not say once: ${from}`);
        return { contents: text.replace(from, () => to), loader: "ts" };
      });
  },
});

/** The bundle of an entry of ours whose sources say something else. */
export async function bundleWith(entry: string, edits: readonly Edit[]): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...bundleOptions(repoDir),
    plugins: [edited(edits), leaveLazyApart],
    sourcemap: false,
    write: false,
    outfile: "index.mjs",
    entryPoints: [join(repoDir, entry)],
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error(`${entry} made no bundle`);
  return bundle.contents;
}

/** A function that stands beside a deployed one, with its role, its settings and other code. */
export interface Variant {
  get(path: string, token: string): Promise<ApiAnswer>;
  remove(): Promise<void>;
}

/** @param settings in place of those of the deployed function; undefined: without it */
export async function deployVariant(
  like: DeployedFunction,
  bundle: Uint8Array,
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<Variant> {
  const { endpoint, region } = inject("stack");
  const aws = new AwsClient({ ...rootCredentials, region, service: "lambda", retries: 0 });
  const name = unique("variant");
  const send = async (method: string, path: string, body?: object): Promise<unknown> => {
    const given = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await aws.fetch(`${endpoint}/2015-03-31/functions${path}`, { method, ...given });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`Lambda answered ${answer.status} to ${method} ${path}: ${text.slice(0, 500)}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  const variables = { ...like.Environment?.Variables, ...settings };
  await send("POST", "", {
    FunctionName: name,
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: like.Role,
    Timeout: like.Timeout,
    MemorySize: like.MemorySize,
    Environment: {
      Variables: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)),
    },
    Code: { ZipFile: Buffer.from(zipSync({ "index.mjs": bundle })).toString("base64") },
  });
  return {
    async get(path, token) {
      const answer = (await send("POST", `/${name}/invocations`, {
        version: "2.0",
        rawPath: `/api/v1${path}`,
        rawQueryString: "",
        headers: { authorization: `Bearer ${token}` },
        requestContext: { http: { method: "GET", path: `/api/v1${path}`, sourceIp: "127.0.0.1", userAgent: "test" } },
        isBase64Encoded: false,
      })) as { readonly statusCode: number; readonly headers: Record<string, string>; readonly body: string };
      return answerOf(answer.statusCode, new Headers(answer.headers), answer.body);
    },
    remove: async () => void (await send("DELETE", `/${name}`)),
  };
}
