import { type ApiFunction, buildApiFunctions, buildSdkOnly, shortName } from "./build.ts";
import { atMost, type Benchmark, bounded } from "./row.ts";

const KILOBYTE = 1000;

export const bundleSize: Benchmark = {
  id: "bundle-size",
  title: "Bundle size",
  about: `
Every function behind the API exactly as \`infra/bundle.ts\` builds it for deployment: all that it reads when it starts, against a
function that holds only the same AWS clients and does one \`GetItem\`, built by esbuild with the SDK as it comes. The difference is
everything the product adds: validation, tokens, live rights, rate limits, idempotency, encryption, logs, metrics and the
room itself. Two things pay for a part of that: our bundles leave out the SDK's chain of credential providers
(\`infra/lambda-credentials.ts\`), and the client of S3 and the engines for expressions, patterns and schemas are files that
are loaded when they are first needed (\`infra/bundle-apart.ts\`).
`,
  async run() {
    const rows = await Promise.all((await buildApiFunctions()).map(rowsOf));
    return rows.flat();
  },
};

async function rowsOf({ name, bytes, clients }: ApiFunction) {
  const other = await buildSdkOnly(clients);
  const size = bytes / KILOBYTE;
  const what = `${name} against a bundle of only its AWS clients (${clients.map(shortName).join(", ")})`;
  return [
    atMost(1.5, { id: `bundle-ratio-${name}`, what, unit: "KB" }, size, other.bytes / KILOBYTE),
    bounded(600, { id: `bundle-bytes-${name}`, what: `${name}, minified`, unit: "KB" }, size),
  ];
}
