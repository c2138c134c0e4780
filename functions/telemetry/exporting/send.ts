import { gzipSync } from "node:zlib";
import type { Sealer } from "../../../shared/http/platform.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";
import { SecretError } from "../../../shared/secrets/index.ts";
import { hiddenForms, redact } from "../../../shared/secrets/redact.ts";
import { type OtlpSpan, otlpAround } from "../../../shared/tracing/otlp.ts";
import type { StoredExport } from "../model.ts";
import { type Sent, sentOf, type Untaken } from "../rules/outcome.ts";
import { headerContext } from "../store.ts";

/** Smaller bodies are not worth it. */
const COMPRESSED_FROM_BYTES = 2_048;
const TIMEOUT_MS = 10_000;
const MOST_ANSWER_BYTES = 65_536;

/** Where spans are sent, with its headers opened. */
export interface Collector {
  readonly tenant: string;
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @returns undefined where its headers cannot be opened */
export async function collectorOf(
  tenant: string,
  { endpoint, headers }: StoredExport,
  secrets: Pick<Sealer, "decrypt">,
): Promise<Collector | undefined> {
  const opened = headers.map(
    async ({ name, sealed }) => [name, await secrets.decrypt(sealed, headerContext(tenant, name))] as const,
  );
  try {
    return { tenant, endpoint, headers: Object.fromEntries(await Promise.all(opened)) };
  } catch (error) {
    if (error instanceof SecretError && error.code === "unreadable") return undefined;
    throw error;
  }
}

/** What comes of a collector whose headers cannot be opened. */
export const unreadable: Untaken = {
  kind: "refused",
  code: "headers_unreadable",
  message: "The headers could not be opened; set them anew.",
  status: null,
};

/** One request with these spans. What the collector echoes of its headers comes no further. */
export async function send(
  { tenant, endpoint, headers }: Collector,
  spans: readonly OtlpSpan[],
  { outbound, now_ms }: { readonly outbound: Pick<Outbound, "request">; readonly now_ms: number },
): Promise<Sent> {
  const body = Buffer.from(JSON.stringify(otlpAround(tenant, spans)));
  const large = body.byteLength >= COMPRESSED_FROM_BYTES;
  const result = await outbound.request({
    method: "POST",
    url: endpoint,
    headers: { ...headers, "content-type": "application/json", ...(large ? { "content-encoding": "gzip" } : {}) },
    body: large ? gzipSync(body) : body,
    timeout_ms: TIMEOUT_MS,
    max_bytes: MOST_ANSWER_BYTES,
    truncate: true,
  });
  return redact(sentOf(result, now_ms), hiddenForms(Object.values(headers)));
}
