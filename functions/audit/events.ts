import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { idSchema } from "../../shared/ids.ts";
import { copySchema } from "./copies/model.ts";
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
  "audit.copied": {
    summary: "A part of the audit log lies in locked copies, one for each class of retention.",
    resource: "audit_log",
    data: z.object({
      first: z.int(),
      next: z.int(),
      copies: z.array(copySchema.pick({ id: true, kept_days: true, entries: true, sha256: true })),
    }),
    // An entry of its own would be one more to copy.
    audited: false,
  },
  "audit.copy_downloaded": {
    summary: "Somebody downloaded a copy of a part of the audit log.",
    resource: "audit_copy",
    data: z.object({ copy_id: idSchema("audit_copy"), first: z.int(), next: z.int() }),
  },
  "audit.hold_placed": {
    summary: "Somebody placed a legal hold: nothing of the audit log ends while one is active.",
    resource: "legal_hold",
    data: z.object({ hold_id: idSchema("legal_hold"), name: z.string() }),
  },
  "audit.hold_released": {
    summary: "Somebody released a legal hold.",
    resource: "legal_hold",
    data: z.object({ hold_id: idSchema("legal_hold"), name: z.string(), active: z.int() }),
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
