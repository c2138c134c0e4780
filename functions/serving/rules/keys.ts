import { timingSafeEqual } from "node:crypto";
import { keyForm } from "../../../shared/access/keys/text.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Endpoint } from "../model.ts";

const form = keyForm("ks_serve_", "deployment_key");

/** Keys of endpoints. Each is 256 random bits, so its plain hash tells nothing of it. */
export const servingKeys = {
  ...form,
  /** What is kept of a key. */
  hashOf: (text: string): string => sha256(form.read(text)?.proof ?? ""),
};

/** Whether a key counts at an endpoint at this moment. */
export function counts({ keys }: Pick<Endpoint, "keys">, id: string, proof: string, now: Date): boolean {
  const key = keys.find((one) => one.id === id);
  if (key === undefined || (key.expires_at !== null && Date.parse(key.expires_at) <= now.getTime())) return false;
  const [kept, given] = [Buffer.from(key.hash), Buffer.from(sha256(proof))];
  return kept.length === given.length && timingSafeEqual(kept, given);
}
