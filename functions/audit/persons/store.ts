import { defineDue } from "../../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { defineResource } from "../../../shared/http/resource.ts";
import { personErasureSchema } from "./model.ts";

/** The erasure of a person from the audit log, until nothing is found any more. */
export const personErasure = defineDue("audit_person_erasure");

export const personErasureItem = defineItem({
  type: "audit_person_erasure",
  summary: "The erasure of a former member from an organization's audit log.",
  schema: personErasureSchema,
  key: { pk: "AUDIT_PERSON_ERASURES", sk: "{user_id}" },
});
export type PersonErasure = ItemOf<typeof personErasureItem>;

export const personErasureResource = defineResource({
  type: "user",
  path: ["user_id"],
  item: personErasureItem,
  key: ({ user_id }) => ({ user_id: String(user_id) }),
});
