import { Problem } from "../errors.ts";
import type { Sealer } from "../http/platform.ts";
import { encryptedSecret } from "./schema.ts";
import { SecretError, type Secrets } from "./secrets.ts";

/** Secrets as handlers use them: a key service that does not answer is 503, and nothing was changed. */
export function sealer(secrets: Secrets): Sealer {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SecretError && error.code === "unavailable") {
        throw new Problem("service_unavailable", "The key service does not answer right now. Nothing was changed.", {
          headers: { "retry-after": "5" },
          cause: error,
        });
      }
      throw error;
    }
  };
  return {
    encrypt: (plaintext, context) => guarded(() => secrets.encrypt(plaintext, context)),
    decrypt: (sealed, context) => guarded(() => secrets.decrypt(encryptedSecret.parse(sealed), context)),
  };
}
