import * as z from "zod";
import { organizationSchema, organizationStatuses } from "../../shared/identity/items.ts";
import { defineStates } from "../../shared/states.ts";
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

export const organizationStates = defineStates("organization", organizationStatuses, [
  { from: [], to: "active", why: "Somebody registers it or founds it." },
  { from: ["active"], to: "suspended", why: "A platform operator suspends it." },
  { from: ["suspended"], to: "active", why: "A platform operator restores it." },
  { from: ["active", "suspended"], to: "deleted", why: "An owner or a platform operator deletes it." },
  { from: ["deleted"], to: "active", why: "An owner or a platform operator restores it in time." },
  { from: ["deleted"], to: "suspended", why: "It is restored in time, and was suspended when it was deleted." },
  { from: ["deleted"], to: "erasing", why: "Nobody has restored it in time: it is erased from then on." },
]);

/** The organization as the API shows it. */
export const organizationView = organizationSchema
  .omit({
    etag: true,
    settings: true,
    limits: true,
    break_glass_user_id: true,
    open_circuits: true,
    rules_version: true,
  })
  .meta({ id: "Organization", description: "The tenant." });

/** The organization in a list of all. */
export const organizationEntry = organizationSchema
  .pick({ id: true, name: true, slug: true, status: true, plan: true, created_at: true })
  .meta({ id: "OrganizationEntry", description: "An organization as operators find it." });
export type OrganizationEntry = z.output<typeof organizationEntry>;

/** Organizations on the free plan that one user may have made. */
export const FOUNDED_PER_USER = 5;

/** As somebody sees it who is asked to join. */
export const organizationNameView = organizationSchema.pick({ id: true, name: true }).meta({ id: "OrganizationName" });

/** For so long a deleted organization can be restored; then it is erased. */
export const RESTORABLE_SECONDS = 30 * 86_400;
