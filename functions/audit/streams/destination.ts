import { type Issue, Problem } from "../../../shared/errors.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { headerProblem } from "../../../shared/outbound/index.ts";
import type { StreamDeps } from "./deps.ts";
import type { DestinationInput, StoredDestination, Stream } from "./model.ts";
import { busProblem } from "./rules/bus.ts";
import { hecUrl } from "./rules/hec.ts";
import { secretContext } from "./store.ts";

/** Where a stream leads from now on, and by what it is known there. */
export type Leads = Pick<Stream, "destination" | "credential">;

/** Whose it is, and what stood there before. */
interface Of {
  readonly tenant: string;
  readonly stream_id: string;
  readonly before?: Leads | undefined;
}

/**
 * Checks where a stream is to lead, and seals what is secret of it. Nothing is called.
 * @throws Problem `unsafe_url`, `validation_failed` (422)
 */
export async function leadsTo(input: DestinationInput, of: Of, deps: StreamDeps): Promise<Leads> {
  const { before } = of;
  if (before !== undefined && before.destination.kind !== input.kind)
    throw invalid([{ path: "destination.kind", message: "cannot be changed; make another stream" }]);
  if (input.kind === "event_bus") {
    const message = busProblem(input.arn, deps.own_bus);
    if (message !== undefined) throw invalid([{ path: "destination.arn", message }]);
    return { destination: { kind: input.kind, arn: input.arn }, credential: null };
  }
  const url = safeUrl(input.url, deps);
  if (input.kind === "splunk_hec") {
    const { kind, index, source, sourcetype } = input;
    const destination = { kind, url: hecUrl(url).href, index, source, sourcetype };
    return { destination, credential: await credentialOf(input.token, destination, "token", of, deps) };
  }
  const { kind, body, header } = input;
  const destination = { kind, url: url.href, body, header_name: header?.name ?? null };
  if (header === null) return { destination, credential: null };
  const problem = headerProblem(header.name, header.value ?? "");
  if (problem !== undefined) throw invalid([{ path: "destination.header", message: problem }]);
  return { destination, credential: await credentialOf(header.value, destination, "header.value", of, deps) };
}

function safeUrl(url: string, { outbound }: StreamDeps): URL {
  const checked = outbound.checkUrl(url);
  if (checked.ok) return checked.url;
  const { code, message } = checked.error;
  throw new Problem("unsafe_url", message, { issues: [{ path: "destination.url", message, code }] });
}

/** The sealed credential: the one that is given, or that which was there, as long as it goes to where it went. */
async function credentialOf(
  given: string | undefined,
  destination: Exclude<StoredDestination, { kind: "event_bus" }>,
  field: "token" | "header.value",
  { tenant, stream_id, before }: Of,
  { secrets }: StreamDeps,
): Promise<string> {
  if (given !== undefined) return secrets.encrypt(given, secretContext(tenant, stream_id, "credential"));
  const path = `destination.${field}`;
  if (before === undefined || before.credential === null) throw needed({ path, message: "is needed" });
  if (!goesTo(before.destination, destination))
    throw needed({
      path,
      message: "must be given again when the address or the header changes, so that it is sent nowhere unintended",
    });
  return before.credential;
}

const needed = (issue: Issue): Problem => invalid([issue]);

/** Whether a credential goes to the same server, as the same header. */
function goesTo(before: StoredDestination, after: StoredDestination): boolean {
  if (before.kind === "event_bus" || after.kind === "event_bus") return false;
  const headerOf = (one: StoredDestination) => ("header_name" in one ? one.header_name : null);
  return new URL(before.url).origin === new URL(after.url).origin && headerOf(before) === headerOf(after);
}
