import { clientOptions } from "../aws/clients.ts";
import { type DataKeys, kmsKeys } from "./kms.ts";
import * as sdk from "./lazy/kms.ts";

/** Data keys for functions that seal or open something with most of what they do: the client is in their bundle. */
export const kmsKeysAtStart = (keyId: string): DataKeys =>
  kmsKeys(sdk, new sdk.KMSClient(clientOptions("keys")), keyId);
