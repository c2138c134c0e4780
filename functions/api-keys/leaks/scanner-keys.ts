import { verify } from "node:crypto";
import * as z from "zod";
import { Problem } from "../../../shared/errors.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";

const published = z.object({ public_keys: z.array(z.object({ key_identifier: z.string(), key: z.string() })) });

/** Keys are asked for again after this; for one that is not among them, not more often than this. */
const KEPT_MS = 3_600_000;
const UNKNOWN_MS = 60_000;

/** Whether a body was signed by a key that the scanner publishes; what it publishes is kept for a while. */
export type ScannerKeys = (
  signed: { readonly key_id: string; readonly signature: string; readonly body: string },
  now: Date,
) => Promise<boolean>;

/**
 * The keys by which a secret scanner signs, from the address where it publishes them. Nothing is kept of an attempt that failed:
 * whoever comes next asks again. Who come at once wait for one answer.
 * @throws Problem `service_unavailable` where that does not answer and its keys have to be known anew
 */
export function scannerKeys(outbound: Pick<Outbound, "request">, url: string): ScannerKeys {
  let keys: ReadonlyMap<string, string> = new Map();
  let asked_at = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function ask(now: Date): Promise<void> {
    const answer = await outbound.request({ method: "GET", url, headers: { accept: "application/json" } });
    if (!answer.ok) throw unreadable(answer.error);
    const parsed = answer.status === 200 ? published.safeParse(json(answer.body.toString("utf8"))) : undefined;
    if (parsed?.success !== true) throw unreadable(new Error(`the scanner's keys were answered with ${answer.status}`));
    keys = new Map(parsed.data.public_keys.map(({ key_identifier, key }) => [key_identifier, key]));
    asked_at = now.getTime();
  }

  return async ({ key_id, signature, body }, now) => {
    if (key_id === "" || signature === "") return false;
    const age = now.getTime() - asked_at;
    if (age > KEPT_MS || (!keys.has(key_id) && age > UNKNOWN_MS)) {
      asking ??= ask(now).finally(() => {
        asking = undefined;
      });
      await asking;
    }
    const key = keys.get(key_id);
    return key !== undefined && isSigned(key, signature, body);
  };
}

const unreadable = (cause: unknown): Problem =>
  new Problem("service_unavailable", "The keys by which reports are signed cannot be read right now. Send it again.", {
    headers: { "retry-after": "5" },
    cause,
  });

function isSigned(key: string, signature: string, body: string): boolean {
  try {
    return verify("sha256", Buffer.from(body), key, Buffer.from(signature, "base64"));
  } catch {
    // What is no key, or no signature of its kind.
    return false;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
