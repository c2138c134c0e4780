import type { OutboundResult } from "../../../../shared/outbound/index.ts";
import { answerOf, httpFailure } from "./http.ts";
import type { Failure, Numbered } from "./sent.ts";

/** Where entries go within Splunk; what is null is as the token has it. */
export interface HecFields {
  readonly index: string | null;
  readonly source: string | null;
  readonly sourcetype: string | null;
}

/** Where HEC takes events, below a collector whose address names no path. */
const EVENTS_PATH = "/services/collector/event";

/** The address of a collector, with the path for events where it has none. */
export function hecUrl(url: URL): URL {
  const whole = new URL(url);
  if (whole.pathname === "/") whole.pathname = EVENTS_PATH;
  return whole;
}

/** Entries as HEC takes several: one object behind the other. Times are seconds, with milliseconds. */
export const hecBody = (entries: readonly Numbered[], { index, source, sourcetype }: HecFields): string =>
  entries
    .map(({ occurred_at, text }) => {
      const about = {
        time: Date.parse(occurred_at) / 1_000,
        ...(source === null ? {} : { source }),
        ...(sourcetype === null ? {} : { sourcetype }),
        ...(index === null ? {} : { index }),
      };
      // The entry is JSON already.
      return `${JSON.stringify(about).slice(0, -1)},"event":${text}}`;
    })
    .join("\n");

/** What HEC says with 0, and when it is asked how it is. */
const TAKEN: ReadonlySet<number> = new Set([0, 17]);

/** What HEC cannot do for now: an error of its own, and full queues. Codes that later versions have go by their status. */
const PASSING: ReadonlySet<number> = new Set([8, 9, 18, 19, 20]);

/** What HEC says that somebody has to change, with what that is. */
const REMEDIES: Readonly<Record<number, string>> = {
  1: "The token is disabled. Enable it in Splunk.",
  2: "No token came. Give the stream its token anew.",
  3: "The token has not the form of one. Give the stream its token anew.",
  4: "Splunk does not know the token. Give the stream a token of this collector.",
  5: "Splunk found no data in the request.",
  6: "Splunk could not read the events. The address may be that of raw events; use /services/collector/event.",
  7: "The token may not write to this index. Name another index, or allow it for the token in Splunk.",
  10: "The token wants acknowledgements by the indexer. Use a token without them.",
  11: "The token wants acknowledgements by the indexer. Use a token without them.",
  12: "Splunk found no event in the request.",
  13: "Splunk found an empty event in the request.",
  14: "The token has no acknowledgements by the indexer.",
  15: "Splunk could not read the fields of the events.",
  16: "The token stands in the address, where Splunk does not take it. Give it as the stream's token.",
  21: "Splunk does not know the token. Give the stream a token of this collector.",
  22: "The token is disabled. Enable it in Splunk.",
};

/** The number with which HEC answers; undefined where the answer is something else, as other products give that speak HEC. */
function codeOf(body: Buffer): { readonly code: number; readonly text: string } | undefined {
  try {
    const { code, text } = JSON.parse(body.toString("utf8")) as { code?: unknown; text?: unknown };
    if (typeof code !== "number" || !Number.isSafeInteger(code)) return undefined;
    return { code, text: typeof text === "string" ? text : "" };
  } catch {
    return undefined;
  }
}

/**
 * Why HEC did not take a request; undefined where it did. Its code decides where it gives one that is known, else the status.
 * @see https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector
 */
export function hecFailure(result: OutboundResult, now_ms: number): Failure | undefined {
  const byStatus = httpFailure(result, now_ms);
  if (!result.ok) return byStatus;
  const said = codeOf(result.body);
  if (said === undefined || TAKEN.has(said.code)) return byStatus;
  const { code } = said;
  const remedy = Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;
  const known = PASSING.has(code) || remedy !== undefined;
  // A code that is not known, with a good status: what it says is not that the events were taken.
  if (!known && byStatus !== undefined) return byStatus;
  const passes = PASSING.has(code) || remedy === undefined;
  return {
    code: `hec_${code}`,
    message: remedy ?? `Splunk cannot take events for now (code ${code}).`,
    status: result.status,
    answer: answerOf(result.body),
    kind: passes ? "passes" : "refused",
    ...(passes ? { after_ms: byStatus?.after_ms } : {}),
  };
}
