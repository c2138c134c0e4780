import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSecrets, type EncryptedSecret, encryptedSecret } from "../../../shared/secrets/index.ts";
import { memoryKeys } from "./memory-keys.ts";

const purpose = "webhook_secrets" as const;
const context = { purpose, tenant: "org_1", field: "webhook.secret" } as const;
const unreadable = { name: "SecretError", code: "unreadable" };

test("what was encrypted is read again, whatever the text, and never stands in the stored string", async () => {
  const secrets = createSecrets({ keys: memoryKeys() });
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 4 }), async (text) => {
      const stored = await secrets.encrypt(text, context);
      expect(encryptedSecret.safeParse(stored).success).toBe(true);
      expect(stored.includes(text)).toBe(false);
      expect(await secrets.decrypt(stored, context)).toBe(text);
    }),
  );
});

test("an empty text works, and the order of the context's keys does not matter", async () => {
  const secrets = createSecrets({ keys: memoryKeys() });
  const stored = await secrets.encrypt("", { purpose, tenant: "org_1", field: "f", id: "x" });
  expect(await secrets.decrypt(stored, { id: "x", field: "f", tenant: "org_1", purpose })).toBe("");
});

test("the same text is never stored as the same string twice", async () => {
  const secrets = createSecrets({ keys: memoryKeys() });
  expect(await secrets.encrypt("same", context)).not.toBe(await secrets.encrypt("same", context));
});

test.each([
  { purpose, tenant: "org_2", field: "webhook.secret" },
  { purpose: "model_keys" as const, tenant: "org_1", field: "webhook.secret" },
  { purpose, tenant: "org_1", field: "connector.password" },
  { purpose, tenant: "org_1", field: "webhook.secret", id: "whk_1" },
])("a secret copied to %j cannot be read, with and without the cache", async (other) => {
  const keys = memoryKeys();
  const cache = { max_entries: 10, max_age_ms: 60_000, max_bytes: 1_000_000 };
  for (const secrets of [createSecrets({ keys }), createSecrets({ keys, cache })]) {
    const stored = await secrets.encrypt("text", context);
    expect(await secrets.decrypt(stored, context)).toBe("text");
    await expect(secrets.decrypt(stored, other)).rejects.toMatchObject(unreadable);
  }
});

test("the context is authenticated by the cipher too, not by the key service alone", async () => {
  const keys = memoryKeys();
  const trusting = createSecrets({ keys: { ...keys, unwrap: (wrapped) => keys.unwrap(wrapped, context) } });
  const stored = await trusting.encrypt("text", context);
  await expect(trusting.decrypt(stored, { ...context, tenant: "org_2" })).rejects.toMatchObject(unreadable);
});

test("every changed character makes a stored secret unreadable", async () => {
  const secrets = createSecrets({ keys: memoryKeys() });
  const stored = await secrets.encrypt("text", context);
  for (let index = 0; index < stored.length; index += 1) {
    const flipped = stored[index] === "A" ? "g" : "A"; // differ in high bits, so base64url padding bits cannot hide it
    const damaged = (stored.slice(0, index) + flipped + stored.slice(index + 1)) as EncryptedSecret;
    await expect(secrets.decrypt(damaged, context)).rejects.toMatchObject(unreadable);
  }
});

test.each(["", "v1", "v2.a.b.c", "v1....", "clear text"])("%j is no encrypted secret", async (text) => {
  expect(encryptedSecret.safeParse(text).success).toBe(false);
  await expect(createSecrets({ keys: memoryKeys() }).decrypt(text as EncryptedSecret, context)).rejects.toMatchObject(
    unreadable,
  );
});

test("a text over 64 KB is refused, and a key service that is down is told apart from a wrong secret", async () => {
  const keys = memoryKeys();
  const secrets = createSecrets({ keys });
  await expect(secrets.encrypt("a".repeat(65_537), context)).rejects.toMatchObject({ code: "too_large" });
  const stored = await secrets.encrypt("a".repeat(65_536), context);
  keys.fail = Object.assign(new Error("slow down: text"), { name: "ThrottlingException" });
  await expect(secrets.encrypt("x", context)).rejects.toMatchObject({ code: "unavailable" });
  await expect(secrets.decrypt(stored, context)).rejects.toMatchObject({ code: "unavailable" });
  keys.fail = undefined;
  expect(await secrets.decrypt(stored, context)).toHaveLength(65_536);
});

describe("the data-key cache", () => {
  const limits = { max_entries: 2, max_age_ms: 1_000, max_bytes: 100 };

  test("is off by default: each decrypt asks the key service", async () => {
    const keys = memoryKeys();
    const secrets = createSecrets({ keys });
    const stored = await secrets.encrypt("text", context);
    await secrets.decrypt(stored, context);
    await secrets.decrypt(stored, context);
    expect(keys.calls.unwrap).toBe(2);
  });

  test("saves calls up to its age, and asks again after it", async () => {
    const keys = memoryKeys();
    let time = 0;
    const secrets = createSecrets({ keys, cache: limits, now: () => time });
    const stored = await secrets.encrypt("text", context);
    for (time = 0; time < 1_000; time += 250) expect(await secrets.decrypt(stored, context)).toBe("text");
    expect(keys.calls.unwrap).toBe(1);
    time = 1_000;
    await secrets.decrypt(stored, context);
    expect(keys.calls.unwrap).toBe(2);
  });

  test("asks again after its bytes", async () => {
    const keys = memoryKeys();
    const secrets = createSecrets({ keys, cache: limits, now: () => 0 });
    const stored = await secrets.encrypt("12345678901234", context); // 30 bytes with the tag
    for (let call = 0; call < 4; call += 1) await secrets.decrypt(stored, context);
    expect(keys.calls.unwrap).toBe(2);
  });

  test("holds no more keys than its count, the least recently used one leaves", async () => {
    const keys = memoryKeys();
    const secrets = createSecrets({ keys, cache: limits, now: () => 0 });
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((text) => secrets.encrypt(text, context)));
    if (a === undefined || b === undefined || c === undefined) throw new Error("three were encrypted");
    for (const stored of [a, b, a, c, a]) await secrets.decrypt(stored, context);
    expect(keys.calls.unwrap).toBe(3);
    await secrets.decrypt(b, context);
    expect(keys.calls.unwrap).toBe(4);
  });

  test("shares one call among readers of the same moment, and keeps no failure", async () => {
    const keys = memoryKeys();
    const secrets = createSecrets({ keys, cache: limits, now: () => 0 });
    const stored = await secrets.encrypt("t", context);
    keys.fail = new Error("down");
    await expect(secrets.decrypt(stored, context)).rejects.toMatchObject({ code: "unavailable" });
    keys.fail = undefined;
    const texts = await Promise.all([1, 2, 3].map(() => secrets.decrypt(stored, context)));
    expect([texts, keys.calls.unwrap]).toEqual([["t", "t", "t"], 2]);
  });
});
