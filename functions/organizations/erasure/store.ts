import * as z from "zod";
import { defineDue } from "../../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { idSchema } from "../../../shared/ids.ts";
import { countsSchema, erasureSchema } from "./model.ts";

/** The end of a deleted organization; set by the deletion, cleared by the restoration. */
export const organizationErasure = defineDue("organization_erasure");

/** Each organization has one. */
export const ERASURE = "organization";

export const erasureItem = defineItem({
  type: "erasure",
  summary: "The erasure of an organization, with its certificate: all that the platform keeps of it.",
  schema: erasureSchema.extend({
    /** Who owned it when it was claimed: they may read the certificate. */
    owner_ids: z.array(idSchema("user")),
    files: z.int(),
    /** The file that was counted last, in the order of their names; those up to it are removed, or about to be. */
    counted_to: z.string(),
  }),
  key: { pk: "ERASURE#{organization_id}", sk: "ERASURE" },
});
export type Erasure = ItemOf<typeof erasureItem>;

export const erasureSegmentItem = defineItem({
  type: "erasure_segment",
  summary: "How far one part of the table has been looked through for an erased organization, and what was found.",
  schema: z.object({
    organization_id: idSchema("organization"),
    segment: z.int(),
    /** Rises with each change: two workers at once do not count the same twice. */
    step: z.int(),
    /** The last key that was looked at; null at the beginning. */
    cursor: z.object({ pk: z.string(), sk: z.string() }).nullable(),
    done: z.boolean(),
    items: countsSchema,
    kept: countsSchema,
    kept_until: z.string().nullable(),
  }),
  key: { pk: "ERASURE#{organization_id}", sk: "SEGMENT#{segment}" },
  json: ["items", "kept"],
});
export type ErasureSegment = ItemOf<typeof erasureSegmentItem>;
