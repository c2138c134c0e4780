import { setTimeout as pause } from "node:timers/promises";
import type { OutboundRequest } from "../../../shared/outbound/index.ts";
import { SecretError } from "../../../shared/secrets/index.ts";
import { hiddenForms, redact } from "../../../shared/secrets/redact.ts";
import { signWebhook } from "../../../shared/signing/standard-webhooks.ts";
import type { SendDeps } from "./deps.ts";
import { liveSigning, type Stream } from "./model.ts";
import { type BusAddress, busAddress, busEntry, busFailure } from "./rules/bus.ts";
import { hecBody, hecFailure } from "./rules/hec.ts";
import { answerOf, httpFailure, TOO_LARGE } from "./rules/http.ts";
import { contentTypes, httpsBody, requestId } from "./rules/https.ts";
import type { Bounds, Failure, Numbered, Sent } from "./rules/sent.ts";
import { secretContext } from "./store.ts";

/** A way to a stream's destination, with its secrets opened. */
export interface Sender {
  readonly bounds: Bounds;
  /** @param id of the request, where it is another than follows from its entries */
  send(entries: readonly Numbered[], id?: string): Promise<Sent>;
}

/** Collectors take a megabyte as a rule; what a batch read gives is rarely more than a tenth of it. */
const REQUEST: Bounds = { entries: 100, bytes: 512 * 1024 };
/**
 * What a bus takes in one call are ten entries of together 1 MB; ours stay below the 256 KB that targets of older make take. An
 * entry that is larger goes alone: none is larger than an item of the table, 400 KB.
 */
const CALL: Bounds = { entries: 10, bytes: 240 * 1024 };

const TIMEOUT_MS = 15_000;
const MOST_ANSWER_BYTES = 65_536;

/** What a bus has not taken of a call is put again so often, after a pause that doubles. */
const BUS_TRIES = 3;
const BUS_PAUSE_MS = 200;

const unreadable: Failure = {
  code: "secret_unreadable",
  message: "A secret of the stream could not be opened. Give its destination anew, or rotate its signing secret.",
  status: null,
  answer: null,
  kind: "refused",
};

/** The way to a stream's destination, or why there is none. */
export async function senderOf(stream: Stream, deps: SendDeps): Promise<Sender | Failure> {
  const { destination, organization_id } = stream;
  if (destination.kind === "event_bus") {
    const address = busAddress(destination.arn);
    if (address === undefined) throw new Error(`${stream.id} leads to no bus`);
    return { bounds: CALL, send: (entries) => put(address, entries, organization_id, deps) };
  }
  const secrets = await opened(stream, deps);
  if (secrets === undefined) return unreadable;
  const { credential, signing } = secrets;
  const hidden = hiddenForms(credential === undefined ? [] : [credential]);
  const requestOf = (entries: readonly Numbered[], id: string): Pick<OutboundRequest, "headers" | "body"> => {
    if (destination.kind === "splunk_hec") {
      const headers = { authorization: `Splunk ${credential}`, "content-type": "application/json" };
      return { headers, body: hecBody(entries, destination) };
    }
    const body = httpsBody(entries, destination.body);
    const sent_at_ms = deps.clock.now().getTime();
    const headers = {
      ...(destination.header_name === null || credential === undefined
        ? {}
        : { [destination.header_name]: credential }),
      "content-type": contentTypes[destination.body],
      ...(signing === undefined ? {} : signWebhook({ id, sent_at_ms, body, secrets: signing })),
    };
    return { headers, body };
  };
  const judge = destination.kind === "splunk_hec" ? hecFailure : httpFailure;
  const send: Sender["send"] = async (entries, id = requestId(stream.id, entries)) => {
    const result = await deps.outbound.request({
      method: "POST",
      url: destination.url,
      ...requestOf(entries, id),
      timeout_ms: TIMEOUT_MS,
      max_bytes: MOST_ANSWER_BYTES,
      truncate: true,
    });
    const failure = judge(result, deps.clock.now().getTime());
    if (failure === undefined)
      return result.ok
        ? { taken: entries.length, status: result.status, answer: redact(answerOf(result.body), hidden) }
        : { taken: entries.length };
    if (failure.status !== TOO_LARGE || entries.length === 1) return { taken: 0, failure: redact(failure, hidden) };
    // A collector that takes less than others: half of it, and then the other half.
    const half = Math.ceil(entries.length / 2);
    const first = await send(entries.slice(0, half));
    if (first.failure !== undefined) return first;
    const second = await send(entries.slice(half));
    return { ...second, taken: half + second.taken };
  };
  return { bounds: REQUEST, send };
}

interface Opened {
  readonly credential: string | undefined;
  readonly signing: readonly [string, ...string[]] | undefined;
}

/** The secrets of a stream in clear; undefined where one can never be opened. */
async function opened(stream: Stream, { secrets, clock }: SendDeps): Promise<Opened | undefined> {
  const { organization_id, id, credential } = stream;
  const open = (sealed: string, field: "credential" | "signing") =>
    secrets.decrypt(sealed, secretContext(organization_id, id, field));
  try {
    const [known, [first, ...rest]] = await Promise.all([
      credential === null ? undefined : open(credential, "credential"),
      Promise.all(liveSigning(stream, clock.now()).map(({ sealed }) => open(sealed, "signing"))),
    ]);
    return { credential: known, signing: first === undefined ? undefined : [first, ...rest] };
  } catch (error) {
    if (error instanceof SecretError && error.code === "unreadable") return undefined;
    throw error;
  }
}

/**
 * Puts entries on a bus. What it has not taken of a call is put again, and nothing else; what it still does not take then is where
 * the stream stands.
 */
async function put(
  address: BusAddress,
  entries: readonly Numbered[],
  organization_id: string,
  { buses }: SendDeps,
): Promise<Sent> {
  let open = entries;
  let failure: Failure | undefined;
  for (let tries = 1; open.length > 0; tries++) {
    const codes = await codesOf(address, open, organization_id, buses);
    const left = open.filter((_, i) => codes[i] !== undefined);
    const code = codes.find((one) => one !== undefined);
    failure = code === undefined ? undefined : busFailure(code);
    open = left;
    if (tries === BUS_TRIES || failure === undefined || failure.kind !== "passes") break;
    await pause(BUS_PAUSE_MS * 2 ** (tries - 1));
  }
  const [first] = open;
  return first === undefined ? { taken: entries.length } : { taken: entries.indexOf(first), failure };
}

/** Why the bus has not taken each of these entries; undefined for those that it has. */
async function codesOf(
  { arn, region }: BusAddress,
  entries: readonly Numbered[],
  organization_id: string,
  buses: SendDeps["buses"],
): Promise<(string | undefined)[]> {
  const all = (code: string) => entries.map(() => code);
  try {
    const results = await buses.put(
      region,
      entries.map((entry) => busEntry(entry, organization_id, arn)),
    );
    return results.length === entries.length ? results.map(({ ErrorCode }) => ErrorCode) : all("InternalFailure");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return all(error.name);
  }
}
