import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { DataKeys } from "../../../shared/secrets/index.ts";

const canonical = (context: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context).sort()));

/** A key service in memory that behaves as KMS does: the context is authenticated, another one is refused by name. */
export const memoryKeys = (): DataKeys & { calls: { generate: number; unwrap: number }; fail: Error | undefined } => {
  const master = randomBytes(32);
  const service = {
    calls: { generate: 0, unwrap: 0 },
    fail: undefined as Error | undefined,
    generate: async (context: Readonly<Record<string, string>>) => {
      service.calls.generate += 1;
      if (service.fail) throw service.fail;
      const key = randomBytes(32);
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", master, iv).setAAD(canonical(context));
      return {
        key: Uint8Array.from(key),
        wrapped: Buffer.concat([iv, cipher.update(key), cipher.final(), cipher.getAuthTag()]),
      };
    },
    unwrap: async (wrapped: Uint8Array, context: Readonly<Record<string, string>>) => {
      service.calls.unwrap += 1;
      if (service.fail) throw service.fail;
      try {
        const decipher = createDecipheriv("aes-256-gcm", master, wrapped.subarray(0, 12))
          .setAAD(canonical(context))
          .setAuthTag(wrapped.subarray(-16));
        return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
      } catch {
        throw Object.assign(new Error("refused"), { name: "InvalidCiphertextException" });
      }
    },
  };
  return service;
};
