import { createHmac, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { presentedKey } from "../../../shared/access/keys/authenticate.ts";
import { hashBy, isHashOf } from "../../../shared/access/keys/pepper.ts";
import { keyText, readKey } from "../../../shared/access/keys/text.ts";
import { Problem } from "../../../shared/errors.ts";
import { newId } from "../../../shared/ids.ts";

const at = new Date("2026-05-01T10:00:00.000Z");
const newKey = () => {
  const key = { id: newId("api_key", at), organization_id: newId("organization", at) };
  return { key, text: keyText(key, randomBytes(32).toString("base64url")) };
};

/** A text that is no key and has the checksum of one. */
function withSum(proof: string): string {
  let rest = crc32(proof);
  let sum = "";
  for (let i = 0; i < 6; i++) {
    sum = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".charAt(rest % 62) + sum;
    rest = Math.floor(rest / 62);
  }
  return proof + sum;
}

describe("the text of a key", () => {
  it("says whose it is, and has one form", () => {
    const key = {
      id: "key_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
      organization_id: "org_01JDQ4X0Z5V8W3N7K2M9R6T1BD",
    };
    const text = keyText(key, "A".repeat(43));
    expect(text).toBe(
      `ks_live_01JDQ4X0Z5V8W3N7K2M9R6T1BD01JDQ4X0Z5V8W3N7K2M9R6T1BC_${"A".repeat(43)}${text.slice(-6)}`,
    );
    expect(text).toHaveLength(110);
    expect(withSum(text.slice(0, -6))).toBe(text);
    expect(readKey(text)).toEqual({ ...key, proof: text.slice(0, -6) });
  });

  it("is refused without a read when any one character of it is another", () => {
    for (let i = 0; i < 20; i++) {
      const { text } = newKey();
      for (let place = 0; place < text.length; place++) {
        const other = text.charAt(place) === "B" ? "C" : "B";
        expect(readKey(text.slice(0, place) + other + text.slice(place + 1)), `at ${place}`).toBeUndefined();
      }
    }
  });

  it.each([
    ["nothing", ""],
    ["a directory's token", `kss_${"0".repeat(26)}_1_${"A".repeat(43)}`],
    ["one that was cut", newKey().text.slice(0, -1)],
    ["one with something behind it", `${newKey().text}0`],
    ["one with a line break behind it", `${newKey().text}\n`],
    [
      "one with a line of its secret in its ids",
      withSum(`ks_live_${"0".repeat(25)}_${"0".repeat(26)}_${"A".repeat(43)}`),
    ],
    ["one with small letters in its ids", withSum(`ks_live_${"a".repeat(52)}_${"A".repeat(43)}`)],
    ["one with another sign in its secret", withSum(`ks_live_${"0".repeat(52)}_${"A".repeat(42)}#`)],
    ["a key of another kind", newKey().text.replace("ks_live_", "ks_test_")],
  ])("is not %s", (_, text) => {
    expect(readKey(text)).toBeUndefined();
  });
});

describe("what is kept of a key", () => {
  const pepper = randomBytes(32);
  const by = hashBy(pepper);
  const proof = () => newKey().text.slice(0, -6);

  it("is HMAC-SHA-256 by the pepper", () => {
    for (let i = 0; i < 200; i++) {
      const [one, key] = [proof(), randomBytes(32)];
      expect(hashBy(key)(one)).toBe(createHmac("sha256", key).update(one).digest("base64url"));
    }
    expect(() => by("short")).toThrow("no key's proof");
    expect(() => hashBy(randomBytes(31))).toThrow("32 bytes");
  });

  it("is another hash for each key and each pepper, and never the secret", () => {
    const secret = "A".repeat(43);
    const [one, other] = [newKey().key, newKey().key].map((key) => keyText(key, secret).slice(0, -6)) as [
      string,
      string,
    ];
    const hashes = [by(one), by(other), hashBy(randomBytes(32))(one)];
    expect(new Set(hashes).size).toBe(3);
    expect(hashes.join()).not.toContain(secret);
    expect(isHashOf(by(one), one, by)).toBe(true);
    expect(isHashOf(by(one), other, by)).toBe(false);
    expect(isHashOf("", one, by)).toBe(false);
  });
});

describe("the credential of a request", () => {
  const { text } = newKey();
  it.each([
    ["none", {}, undefined],
    ["a session's token", { authorization: "Bearer eyJ.a.b" }, undefined],
    ["a key as bearer", { authorization: `Bearer ${text}` }, text],
    ["a key as bearer, in small letters", { authorization: `bearer ${text}` }, text],
    ["a key in its own header", { "x-api-key": text }, text],
    ["the same key in both", { "x-api-key": text, authorization: `Bearer ${text}` }, text],
    // What is no key is refused where it is looked at, by its checksum.
    ["anything in the key's own header", { "x-api-key": "secret" }, "secret"],
  ])("%s", (_, headers, expected) => {
    expect(presentedKey({ headers: headers as Record<string, string> })).toBe(expected);
  });

  it.each([
    ["another key", { "x-api-key": text, authorization: `Bearer ${newKey().text}` }],
    ["a session's token", { "x-api-key": text, authorization: "Bearer eyJ.a.b" }],
    ["another scheme", { "x-api-key": text, authorization: `Basic ${text}` }],
  ])("is not guessed where a key comes with %s", (_, headers) => {
    let refusal: unknown;
    try {
      presentedKey({ headers });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(Problem);
    expect((refusal as Problem).code).toBe("unauthenticated");
    expect((refusal as Problem).detail).toContain("two different credentials");
  });
});
