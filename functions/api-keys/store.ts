import { type ApiKey, apiKeyItem, serviceAccountItem } from "../../shared/access/keys/items.ts";
import { defineDue } from "../../shared/due/due.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { nextLook } from "./model.ts";

/** A key that ends by itself: when its owner is told of it, and its end. */
export const apiKeyDue = defineDue("api_key");

/** When a key that counts is looked at next, if it ends at all. */
export const lookWrite = (own: TenantTable, { id, expires_at }: Pick<ApiKey, "id" | "expires_at">, at: Date): Write =>
  expires_at === null ? apiKeyDue.clear(own, id) : apiKeyDue.set(own, id, nextLook(expires_at, at));

/** A key that was found in public: its owner is told at once. */
export const leakedKey = defineDue("leaked_api_key");

/** Keys of a service account that was deleted: revoked when the index shows them all. */
export const orphanedKeys = defineDue("orphaned_api_keys");

export const serviceAccountResource = defineResource({
  type: "service_account",
  path: ["service_account_id"],
  item: serviceAccountItem,
  key: ({ service_account_id }) => ({ id: service_account_id }),
});

export const apiKeyResource = defineResource({
  type: "api_key",
  path: ["api_key_id"],
  item: apiKeyItem,
  key: ({ api_key_id }) => ({ id: api_key_id }),
  subject: (key) => key,
});
