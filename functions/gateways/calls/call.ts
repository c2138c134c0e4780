import type { Clock } from "../../../shared/clock.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import type { Outbound, OutboundRequest, OutboundResult } from "../../../shared/outbound/index.ts";
import { SecretError } from "../../../shared/secrets/index.ts";
import type { Gateway } from "../model.ts";
import { liveKeys } from "../rules/keys.ts";
import { keyContext } from "../store.ts";

export interface GatewayCallDeps {
  readonly clock: Clock;
  readonly secrets: Pick<Platform["secrets"], "decrypt">;
  readonly outbound: Pick<Outbound, "request">;
}

/** What a gateway answered, with which of its keys; null where no key of it can be opened. */
export interface GatewayAnswer {
  readonly key: "current" | "previous";
  readonly answer: OutboundResult;
  /** From sending to the whole answer. */
  readonly took_ms: number;
}

/**
 * Asks a gateway with its key, and with the key before, as long as that counts, where the new one is refused. Redirects are not
 * followed. Never throws for what a gateway does.
 */
export async function callGateway(
  gateway: Pick<Gateway, "id" | "organization_id" | "keys">,
  request: OutboundRequest,
  deps: GatewayCallDeps,
): Promise<GatewayAnswer | null> {
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
