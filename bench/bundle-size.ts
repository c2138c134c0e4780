import { buildApiFunction, buildSdkOnly } from "./build.ts";
import { atMost, type Benchmark, bounded } from "./row.ts";

/** Rooms whose API functions are measured: the plainest one, which is what all have in common, and a large one. */
export const MEASURED_ROOMS = ["organizations", "agents"] as const;

const KILOBYTE = 1000;

export const bundleSize: Benchmark = {
  id: "bundle-size",
  title: "Bundle size",
  about: `
An API function exactly as \`infra/bundle.ts\` builds it for deployment, against a function that holds only the same AWS
clients and does one \`GetItem\`, built by esbuild with the SDK as it comes. The difference is everything the product adds: validation,
tokens, live rights, rate limits, idempotency, encryption, logs, metrics and the room itself. Our bundles leave out the SDK's chain
of credential providers (\`infra/lambda-credentials.ts\`), which pays for a part of that.
`,
  async run() {
    const rows = await Promise.all(MEASURED_ROOMS.map(rowsOf));
    return rows.flat();
  },
};

async function rowsOf(room: string) {
  const ours = await buildApiFunction(room);
  const other = await buildSdkOnly(room, ours.clients);
  const size = ours.bytes / KILOBYTE;
  const names = ours.clients.map((name) => name.replace("@aws-sdk/client-", "")).join(", ");
  const what = `${room}-api against a bundle of only its AWS clients (${names})`;
  return [
    atMost(1.4, { id: `bundle-ratio-${room}`, what, unit: "KB" }, size, other.bytes / KILOBYTE),
    bounded(600, { id: `bundle-bytes-${room}`, what: `${room}-api, minified`, unit: "KB" }, size),
  ];
}
