import * as z from "zod";
import { runDays } from "../blobs/purposes.ts";

/** Days for which an organization keeps things. What it has not set is its plan's (`shared/limits/retention.ts`). */
export const retentionSchema = z
  .object({
    run_days: z.literal(runDays).meta({ description: "Runs with their steps, logs and files." }),
    delivery_days: z.int().meta({ description: "Deliveries of webhooks with their attempts." }),
    audit_days: z.int().meta({
      description: "Entries of the audit trail; those about access 2,555 at least, refusals 90.",
    }),
    archived_days: z.int().meta({ description: "Until what is archived is erased." }),
  })
  .meta({ id: "Retention", description: "For how many days things are kept." });
export type Retention = z.output<typeof retentionSchema>;

/**
 * What an organization has set, a part for each subject; read with the organization on every request. A new subject is
 * another part here.
 */
export const organizationSettingsSchema = z.object({
  /** Rises with each change of any part. */
  version: z.int(),
  retention: retentionSchema.partial(),
});
export type OrganizationSettings = z.output<typeof organizationSettingsSchema>;

/** Before anything was set. */
export const UNSET: OrganizationSettings = { version: 0, retention: {} };
