import * as z from "zod";
import { defineDue } from "../../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { defineResource } from "../../../shared/http/resource.ts";
import { idSchema } from "../../../shared/ids.ts";
import { holdSchema } from "./model.ts";

/** Copies of the audit log that are not held as they should be, or no longer have to be. */
export const auditHolding = defineDue("audit_holding");

/** Each organization has one. */
export const HOLDING = "copies";

export const holdItem = defineItem({
  type: "legal_hold",
  summary: "A legal hold on an organization's audit log.",
  schema: holdSchema.extend({ etag: z.string() }),
  key: { pk: "LEGAL_HOLDS", sk: "{id}" },
});
export type Hold = ItemOf<typeof holdItem>;

/** Whether anything of the audit log may end: what copies, erasures and the end of the organization look at. */
export const holdsItem = defineItem({
  type: "legal_holds",
  summary: "How many legal holds of an organization are active, and which copies are held as that says.",
  schema: z.object({
    active: z.int().min(0),
    /** Changes with each hold that comes or goes. */
    version: z.int(),
    /** Up to this copy, in order, all are held or not held as `active` says. */
    swept_to: idSchema("audit_copy").nullable(),
  }),
  key: { pk: "LEGAL_HOLDS_STATE", sk: "STATE" },
});
export type Holds = ItemOf<typeof holdsItem>;

export const isHeld = (holds: Holds | undefined): boolean => (holds?.active ?? 0) > 0;

/** No hold has come or gone since these were read. */
export function unmovedHolds({ writes }: TenantTable, read: Holds | undefined): Write {
  const same = read === undefined ? { exists: false } : { equals: { version: read.version } };
  return writes.check(holdsItem, {}, same, () => lostRace());
}

/** What takes something away for good: refused (409) while a hold is active. */
export function requireUnheld({ writes }: TenantTable): Write {
  const free = { any: [{ exists: false }, { equals: { active: 0 } }] };
  return writes.check(
    holdsItem,
    {},
    free,
    () =>
      new Problem(
        "conflict",
        "A legal hold is active: nothing of the audit log may end. `GET /audit/holds` names it; release it first.",
      ),
  );
}

export const holdResource = defineResource({
  type: "legal_hold",
  path: ["hold_id"],
  item: holdItem,
  key: ({ hold_id }) => ({ id: String(hold_id) }),
});
