import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { exportFormatSchema } from "./model.ts";

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
});
