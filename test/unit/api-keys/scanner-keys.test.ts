import { generateKeyPairSync, sign } from "node:crypto";
import { expect, it } from "vitest";
import { scannerKeys } from "../../../functions/api-keys/leaks/scanner-keys.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = publicKey.export({ type: "spki", format: "pem" }).toString();
const signature = sign("sha256", Buffer.from("[]"), privateKey).toString("base64");
const signed = { key_id: "current", signature, body: "[]" };
const at = (minutes: number) => new Date(Date.parse("2026-05-01T10:00:00Z") + minutes * 60_000);

/** A scanner that answers with its key, unless it is down. */
function scanner() {
  const is = { down: false, asked: 0 };
  const request = async () => {
    is.asked++;
    const keys = { public_keys: [{ key_identifier: "current", key }] };
    const body = Buffer.from(JSON.stringify(keys));
    return { ok: true, status: is.down ? 502 : 200, headers: {}, body, truncated: false } as const;
  };
  return { is, isSigned: scannerKeys({ request }, "https://scanner.example/keys") };
}

it("while the scanner's keys cannot be read whoever reports is asked to come again, and let in as soon as they can be", async () => {
  const { is, isSigned } = scanner();
  const comeAgain = { code: "service_unavailable", options: { headers: { "retry-after": "5" } } };
  is.down = true;
  for (const minutes of [0, 0.1, 0.2])
    await expect(isSigned(signed, at(minutes)), String(minutes)).rejects.toMatchObject(comeAgain);
  is.down = false;
  expect(await isSigned(signed, at(0.3))).toBe(true);
  expect(is.asked).toBe(4);
  // Keys that are an hour old count no more, also where nobody says which do now.
  is.down = true;
  expect(await isSigned(signed, at(60))).toBe(true);
  for (const minutes of [61, 61.1]) await expect(isSigned(signed, at(minutes))).rejects.toMatchObject(comeAgain);
});

it("who report at once wait for one answer", async () => {
  const { is, isSigned } = scanner();
  expect(await Promise.all([1, 2, 3].map(() => isSigned(signed, at(0))))).toEqual([true, true, true]);
  expect(is.asked).toBe(1);
});
