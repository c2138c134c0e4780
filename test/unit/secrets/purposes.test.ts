import type { KMSClient } from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { kmsKeys } from "../../../shared/secrets/index.ts";
import * as sdk from "../../../shared/secrets/lazy/kms.ts";
import { UndeclaredSecret } from "../../../shared/secrets/purposes.ts";

const context = { purpose: "webhook_secrets", tenant: "org_1", field: "f" } as const;
let asked = 0;
const client = {
  send: async () => {
    asked++;
    return { Plaintext: new Uint8Array(32), CiphertextBlob: new Uint8Array(9) };
  },
} as unknown as KMSClient;

describe("a function's key", () => {
  it("is asked for the purposes that its room declares, in that direction", async () => {
    asked = 0;
    const sealing = kmsKeys(sdk, client, "key", "seal:webhook_secrets,open:answers");
    await sealing.generate(context);
    await expect(sealing.unwrap(new Uint8Array(9), context)).rejects.toThrow(UndeclaredSecret);
    await expect(sealing.generate({ ...context, purpose: "model_keys" })).rejects.toThrow("seal:model_keys");
    await expect(kmsKeys(sdk, client, "key", "").generate(context)).rejects.toThrow(UndeclaredSecret);
    expect(asked).toBe(1);
  });

  it("is free where nothing is declared, in tools and tests", async () => {
    await kmsKeys(sdk, client, "key", undefined).unwrap(new Uint8Array(9), context);
  });
});
