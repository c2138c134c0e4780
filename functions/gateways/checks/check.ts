import { timestamp } from "../../../shared/clock.ts";
import { callGateway, type GatewayCallDeps } from "../calls/call.ts";
import type { Check, Gateway } from "../model.ts";
import { healthAddress } from "../rules/address.ts";
import { judge, unreadable } from "../rules/answer.ts";

/** Of one request, connection and whole answer included. */
const TIMEOUT_MS = 10_000;
/** What is read of an answer: more than anybody needs to say how they are. */
const MOST_ANSWER_BYTES = 65_536;

/** Asks a gateway how it is: one `GET` with its key. Nothing of the answer is kept but what it comes to. */
export async function check(gateway: Gateway, deps: GatewayCallDeps): Promise<Check> {
  const at = timestamp(deps.clock.now());
  const found = await callGateway(
    gateway,
    {
      method: "GET",
      url: healthAddress(gateway),
      headers: { accept: "application/json, */*;q=0.5" },
      timeout_ms: TIMEOUT_MS,
      max_bytes: MOST_ANSWER_BYTES,
      truncate: true,
    },
    deps,
  );
  if (found === null) return { at, ...unreadable, response_time_ms: null, key: null };
  const { answer, took_ms, key } = found;
  return { at, ...judge(answer, took_ms), response_time_ms: answer.ok ? took_ms : null, key };
}
