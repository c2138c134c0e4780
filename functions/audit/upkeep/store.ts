import * as z from "zod";
import { defineDue } from "../../../shared/due/due.ts";
import { defineItem } from "../../../shared/dynamo/item.ts";

/** A head that nobody has been told of; set with the numbers that it is for. */
export const auditTelling = defineDue("audit_telling");

/** The next look for entries without a number; from the first number on there is always one. */
export const auditCheck = defineDue("audit_check");

/** Each organization has one. */
export const TREE = "tree";

export const CHECK_SECONDS = 86_400;

export const checkItem = defineItem({
  type: "audit_check",
  summary: "Up to which time every audit entry of an organization is known to have a number.",
  schema: z.object({ checked_to: z.string() }),
  key: { pk: "AUDIT_TREE", sk: "CHECK" },
});
