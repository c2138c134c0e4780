export type { KeyCacheLimits } from "./cache.ts";
export { connectKmsKeys, type DataKeys, kmsKeys } from "./kms.ts";
export { type SecretPurpose, secretPurposes } from "./purposes.ts";
export { type EncryptedSecret, encryptedSecret, type SecretContext } from "./schema.ts";
export { createSecrets, SecretError, type Secrets } from "./secrets.ts";
