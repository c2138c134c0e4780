import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const role = z.object({ role_id: z.string(), name: z.string() });

export const accessEvents = defineEvents({
  "role.created": {
    summary: "A role of the organization's own was made.",
    resource: "role",
    data: role.extend({ grants: z.array(z.string()) }),
  },
  "role.updated": {
    summary:
      "A role of the organization's own is called otherwise or grants something else, which counts from the next request on; or it is being deleted, or is not any more (`status`).",
    resource: "role",
    data: role.extend({ changed_fields: z.array(z.string()), grants: z.array(z.string()) }),
  },
  "role.deleted": {
    summary: "A role of the organization's own is no more; nobody has it.",
    resource: "role",
    data: role.extend({ replacement: z.string().nullable() }),
  },
});
