import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { idSchema } from "../../shared/ids.ts";
import { exportFormatSchema } from "./model.ts";
import { headSchema } from "./tree/rules/head.ts";

export const auditEvents = defineEvents({
  "audit.exported": {
    summary: "Somebody exported the audit log.",
    resource: "audit_log",
    data: z.object({
      format: exportFormatSchema,
      from: z.string().nullable(),
      to: z.string().nullable(),
    }),
  },
  "audit.head_signed": {
    summary:
      "The audit log has a new signed head: kept by somebody else, it is a witness of all that was logged before.",
    resource: "audit_log",
    data: headSchema,
    // An entry of its own would make the next head.
    audited: false,
  },
  "audit.person_erasure_begun": {
    summary: "Somebody asked to erase a former member from the audit log.",
    resource: "audit_log",
    data: z.object({ user_id: idSchema("user") }),
  },
  "audit.person_erased": {
    summary: "A former member was erased from the audit log.",
    resource: "audit_log",
    data: z.object({ user_id: idSchema("user") }),
  },
});
