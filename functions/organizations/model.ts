import * as z from "zod";
import { organizationSchema } from "../../shared/identity/items.ts";
import { retentionSchema } from "../../shared/identity/settings.ts";
import { idSchema } from "../../shared/ids.ts";
import { cutText } from "../../shared/text.ts";

/** A name for addresses: lower-case letters, digits and dashes, unique over all organizations. */
export const slugSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be 1 to 63 lower-case letters, digits and dashes")
  .meta({ example: "acme" });

/** A slug from a name: lower case, letters and digits of ASCII, single dashes. Never empty. */
export function slugify(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  const slug = cutText(plain, 60).replace(/-+$/, "");
  return slug === "" ? "organization" : slug;
}

/** Its settings as the API shows them: what holds now, whether it was set or is the plan's. */
export const settingsView = z
  .object({ organization_id: idSchema("organization"), version: z.int(), retention: retentionSchema })
  .meta({ id: "OrganizationSettings", description: "What an organization has set, and what holds where it has not." });

const days = z.int().nullable();

/** What a change of the settings names; null gives back to the plan. */
export const settingsChange = z
  .strictObject({
    retention: z.strictObject({ run_days: days, delivery_days: days, audit_days: days, archived_days: days }).partial(),
  })
  .partial();

/** The organization as the API shows it. */
export const organizationView = organizationSchema
  .omit({ etag: true, settings: true })
  .meta({ id: "Organization", description: "The tenant." });

/** Organizations on the free plan that one user may have made. */
export const FOUNDED_PER_USER = 5;
