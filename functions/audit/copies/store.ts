import * as z from "zod";
import { defineDue } from "../../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { defineResource } from "../../../shared/http/resource.ts";
import { copySchema } from "./model.ts";

/** Entries that no copy has yet; set with the numbers that they got. */
export const auditCopying = defineDue("audit_copying");

/** Copies are made so long after the first entry that has none. */
export const COPY_SECONDS = 3_600;

export const copyItem = defineItem({
  type: "audit_copy",
  summary:
    "A locked copy of a part of an organization's audit log; it ends when its lock does, unless a hold keeps it.",
  schema: copySchema.extend({
    /** None while a hold keeps it. */
    expires_at: z.string().optional(),
  }),
  key: { pk: "AUDIT_COPIES", sk: "{id}" },
  expires: "expires_at",
});
export type Copy = ItemOf<typeof copyItem>;

export const copiedItem = defineItem({
  type: "audit_copied",
  summary: "Up to which number an organization's audit log is copied.",
  schema: z.object({ next: z.int() }),
  key: { pk: "AUDIT_COPIED", sk: "COPIED" },
});

/**
 * The key under which copies have what is about a person. It goes when they are erased; then the time stands here up to which
 * nothing is kept of them.
 */
export const personKeyItem = defineItem({
  type: "audit_person_key",
  summary: "The key under which copies of an organization's audit log have what is about a person.",
  schema: z.object({
    user_id: z.string(),
    /** By which copies name it. */
    key_id: z.string().optional(),
    sealed_key: z.string().optional(),
    erased_to: z.string().optional(),
  }),
  key: { pk: "AUDIT_PERSON_KEY#{user_id}", sk: "KEY" },
  indexes: { gsi1: { pk: "AUDIT_PERSON_KEY_ID#{key_id}", sk: "KEY" } },
});
export type StoredPersonKey = ItemOf<typeof personKeyItem>;

export const copyResource = defineResource({
  type: "audit_copy",
  path: ["copy_id"],
  item: copyItem,
  key: ({ copy_id }) => ({ id: String(copy_id) }),
});
