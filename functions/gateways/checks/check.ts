import { timestamp } from "../../../shared/clock.ts";
import { SecretError } from "../../../shared/secrets/index.ts";
import type { CheckDeps } from "../deps.ts";
import type { Check, Gateway } from "../model.ts";
import { healthAddress } from "../rules/address.ts";
import { type Judged, judge, unreadable } from "../rules/answer.ts";
import { liveKeys } from "../rules/keys.ts";
import { keyContext } from "../store.ts";

/** Of one request, connection and whole answer included. */
const TIMEOUT_MS = 10_000;
/** What is read of an answer: more than anybody needs to say how they are. */
const MOST_ANSWER_BYTES = 65_536;

type Asked = Judged & Pick<Check, "response_time_ms">;
type Asking = Omit<CheckDeps, "table">;

/**
 * Asks a gateway how it is: one `GET` with its key, and with the key before, as long as that counts, where the new one is
 * refused. Redirects are not followed. Nothing of the answer is kept but what it comes to.
 */
export async function check(gateway: Gateway, deps: Asking): Promise<Check> {
  const at = deps.clock.now();
  const [current, previous] = liveKeys(gateway.keys, at);
  const key = current && (await opened(gateway, current.sealed, deps));
  const now = timestamp(at);
  if (key === undefined) return { at: now, ...unreadable, response_time_ms: null, key: null };
  const first = await ask(gateway, key, deps);
  if (first.error?.code !== "key_refused" || previous === undefined) return { at: now, ...first, key: "current" };
  const before = await opened(gateway, previous.sealed, deps);
  const second = before === undefined ? first : await ask(gateway, before, deps);
  // Refused both: it is the new key that somebody has to look after.
  return second.error?.code === "key_refused"
    ? { at: now, ...first, key: "current" }
    : { at: now, ...second, key: "previous" };
}

async function ask(gateway: Gateway, key: string, { outbound, clock }: Asking): Promise<Asked> {
  const began = clock.now().getTime();
  const answer = await outbound.request({
    method: "GET",
    url: healthAddress(gateway),
    headers: { authorization: `Bearer ${key}`, accept: "application/json, */*;q=0.5" },
    timeout_ms: TIMEOUT_MS,
    max_bytes: MOST_ANSWER_BYTES,
    truncate: true,
  });
  const took_ms = Math.max(clock.now().getTime() - began, 0);
  return { ...judge(answer, took_ms), response_time_ms: answer.ok ? took_ms : null };
}

/** A key in clear; undefined where it can never be opened. */
async function opened(gateway: Gateway, sealed: string, { secrets }: Asking): Promise<string | undefined> {
  try {
    return await secrets.decrypt(sealed, keyContext(gateway.organization_id, gateway.id));
  } catch (error) {
    if (error instanceof SecretError && error.code === "unreadable") return undefined;
    throw error;
  }
}
