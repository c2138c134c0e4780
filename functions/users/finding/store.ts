import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { idSchema } from "../../../shared/ids.ts";

/** One beginning by which a member is found. Sorted as text, so that all with the same beginning are one query. */
export const memberTermItem = defineItem({
  type: "member_term",
  summary: "A beginning of a member's name or e-mail, by which a search finds them.",
  schema: z.object({
    term: z.string(),
    user_id: idSchema("user"),
    /** All terms of the member, sorted. */
    terms: z.array(z.string()),
  }),
  key: { pk: "MEMBER_TERMS", sk: "{term}#{user_id}" },
});

export const memberTermsItem = defineItem({
  type: "member_terms",
  summary: "Under which terms a member stands; what changes them replaces it as it was read.",
  schema: z.object({ user_id: idSchema("user"), terms: z.array(z.string()), etag: z.string() }),
  key: { pk: "MEMBER_TERMS_OF#{user_id}", sk: "MEMBER_TERMS" },
});
export type MemberTerms = ItemOf<typeof memberTermsItem>;
