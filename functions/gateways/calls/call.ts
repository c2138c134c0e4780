import type { Clock } from "../../../shared/clock.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import type { Outbound, OutboundRequest, OutboundResult } from "../../../shared/outbound/index.ts";
import { SecretError } from "../../../shared/secrets/index.ts";
import type { Gateway } from "../model.ts";
import { liveKeys } from "../rules/keys.ts";
import { keyContext } from "../store.ts";
import type { Plane } from "./plane.ts";

export interface GatewayCallDeps {
  readonly clock: Clock;
  readonly secrets: Pick<Platform["secrets"], "decrypt">;
  readonly outbound: Pick<Outbound, "request">;
  readonly plane: Plane;
}

/** A request of the protocol; what it says is JSON. */
export interface GatewayRequest extends Omit<OutboundRequest, "body"> {
  readonly json?: object | undefined;
}

/** What a gateway answered, with which of its keys; null where no key of it can be opened. */
export interface GatewayAnswer {
  /** Null for the built-in data plane, which has none. */
  readonly key: "current" | "previous" | null;
  readonly answer: OutboundResult;
  /** From sending to the whole answer. */
  readonly took_ms: number;
}

/**
 * Asks a gateway with its key, and with the key before, as long as that counts, where the new one is refused. Redirects are not
 * followed. The built-in data plane has no key: who may invoke it is known to AWS. Never throws for what a gateway does.
 */
export async function callGateway(
  gateway: Pick<Gateway, "id" | "organization_id" | "kind" | "keys">,
  asked: GatewayRequest,
  deps: GatewayCallDeps,
): Promise<GatewayAnswer | null> {
  if (gateway.kind === "built_in") return askPlane(gateway, asked, deps);
  const { json, ...plain } = asked;
  const request: OutboundRequest = json === undefined ? plain : { ...plain, body: JSON.stringify(json) };
  const [current, previous] = liveKeys(gateway.keys, deps.clock.now());
  const key = current && (await opened(gateway, current.sealed, deps));
  if (key === undefined) return null;
  const first = await ask(request, key, deps);
  if (!isRefusal(first.answer) || previous === undefined) return { ...first, key: "current" };
  const before = await opened(gateway, previous.sealed, deps);
  const second = before === undefined ? first : await ask(request, before, deps);
  // Refused both: it is the new key that somebody has to look after.
  return isRefusal(second.answer) ? { ...first, key: "current" } : { ...second, key: "previous" };
}

async function askPlane(
  { organization_id }: Pick<Gateway, "organization_id">,
  { method, url, json: body }: GatewayRequest,
  { plane, clock }: GatewayCallDeps,
): Promise<GatewayAnswer> {
  const began = clock.now().getTime();
  const answer = await plane.ask({ organization_id, method, path: new URL(url).pathname, body });
  return { key: null, answer, took_ms: Math.max(clock.now().getTime() - began, 0) };
}

/** Whether the gateway does not accept the key. */
const isRefusal = (answer: OutboundResult): boolean => answer.ok && (answer.status === 401 || answer.status === 403);

async function ask(request: OutboundRequest, key: string, { outbound, clock }: GatewayCallDeps) {
  const began = clock.now().getTime();
  const headers = { ...request.headers, authorization: `Bearer ${key}` };
  const answer = await outbound.request({ ...request, headers });
  return { answer, took_ms: Math.max(clock.now().getTime() - began, 0) };
}

/** A key in clear; undefined where it can never be opened. */
async function opened(
  { id, organization_id }: Pick<Gateway, "id" | "organization_id">,
  sealed: string,
  { secrets }: GatewayCallDeps,
): Promise<string | undefined> {
  try {
    return await secrets.decrypt(sealed, keyContext(organization_id, id));
  } catch (error) {
    if (error instanceof SecretError && error.code === "unreadable") return undefined;
    throw error;
  }
}
