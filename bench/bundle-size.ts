import { join } from "node:path";
import { buildApiFunction, buildPlain } from "./build.ts";
import { atMost, type Benchmark, bounded } from "./row.ts";

/** The room whose API function stands for all; every one of them has the same foundation. */
export const MEASURED_ROOM = "organizations";

const KILOBYTE = 1000;

export const bundleSize: Benchmark = {
  id: "bundle-size",
  title: "Bundle size",
  about: `
An API function exactly as \`infra/bundle.ts\` builds it for deployment, against a function that holds only the same AWS
clients (DynamoDB, its document client, KMS) and does one \`GetItem\`, built by esbuild with the SDK as it comes. The difference is everything
the product adds: validation, tokens, live rights, rate limits, idempotency, encryption, logs, metrics and the room itself. It can
fall below 1 because our bundles leave out the SDK's chain of credential providers (\`infra/lambda-credentials.ts\`).
`,
  async run() {
    const ours = await buildApiFunction(MEASURED_ROOM);
    const other = await buildPlain("sdk-only", join(import.meta.dirname, "sdk-only", "handler.ts"));
    const unit = "KB";
    return [
      atMost(
        1.4,
        { id: "bundle-ratio", what: `${MEASURED_ROOM}-api against a bundle of only its AWS clients`, unit },
        ours.bytes / KILOBYTE,
        other.bytes / KILOBYTE,
      ),
      bounded(600, { id: "bundle-bytes", what: `${MEASURED_ROOM}-api, minified`, unit }, ours.bytes / KILOBYTE),
    ];
  },
};
