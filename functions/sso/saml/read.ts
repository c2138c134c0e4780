import { Problem } from "../../../shared/errors.ts";
import { invalid } from "../../../shared/http/parse.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";
import { METADATA_CHARACTERS, type Metadata, type SamlSource } from "./model.ts";
import { judgeMetadata } from "./rules/metadata.ts";
import { textProblem, utf8, withoutMark } from "./rules/text.ts";

export interface MetadataDeps {
  readonly outbound: Outbound;
  /** Whether a provider may do without TLS: on a laptop only. */
  readonly allow_http: boolean;
}

const TIMEOUT_MS = 10_000;
/** Of UTF-8: characters have one byte each, nearly all. */
const MOST_BYTES = METADATA_CHARACTERS + 4;

/**
 * Reads and judges a text of metadata. The parser (90 KB) is loaded by the first one.
 * @throws Problem `validation_failed` that names this place
 */
export async function readMetadata(
  sent: string,
  place: string,
  at: Date,
  deps: Pick<MetadataDeps, "allow_http">,
): Promise<Metadata> {
  const refused = (message: string): Problem => invalid([{ path: place, message }]);
  const text = withoutMark(sent);
  const unread = textProblem(text);
  if (unread !== undefined) throw refused(unread);
  const { DOMParser } = await import("./lazy/xml.ts");
  let document: ReturnType<InstanceType<typeof DOMParser>["parseFromString"]>;
  try {
    const parser = new DOMParser({
      onError: (_level, message) => {
        throw new Error(message);
      },
    });
    document = parser.parseFromString(text, "application/xml");
  } catch {
    throw refused("is no XML");
  }
  const judged = judgeMetadata(document, at, deps);
  if ("problem" in judged) throw refused(judged.problem);
  return judged.metadata;
}

/** @throws Problem `unsafe_url` for an address that may not be called, `validation_failed` for what is no metadata */
export async function fetchMetadata(url: string, place: string, at: Date, deps: MetadataDeps): Promise<Metadata> {
  const refused = (message: string): Problem => invalid([{ path: place, message }]);
  const checked = deps.outbound.checkUrl(url);
  if (!checked.ok) {
    const { message } = checked.error;
    throw new Problem("unsafe_url", message, { issues: [{ path: place, message }] });
  }
  const answer = await deps.outbound.request({
    method: "GET",
    url,
    headers: { accept: "application/samlmetadata+xml, application/xml, text/xml" },
    timeout_ms: TIMEOUT_MS,
    max_bytes: MOST_BYTES,
  });
  if (!answer.ok) throw refused(`could not be read: ${answer.error.message}`);
  if (answer.status !== 200) throw refused(`answered ${answer.status}`);
  const text = utf8(answer.body);
  if (text === undefined) throw refused("is not UTF-8");
  return readMetadata(text, place, at, deps);
}

/** The metadata that an administrator gives, or says where it is. */
export const metadataFrom = (
  { metadata, metadata_url }: SamlSource,
  at: Date,
  deps: MetadataDeps,
): Promise<Metadata> =>
  metadata_url === undefined
    ? readMetadata(metadata ?? "", "provider.metadata", at, deps)
    : fetchMetadata(metadata_url, "provider.metadata_url", at, deps);
