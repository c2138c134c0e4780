import * as z from "zod";
import { organizationSchema } from "../../shared/identity/items.ts";

/** A name for addresses: lower-case letters, digits and dashes, unique over all organizations. */
export const slugSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be 1 to 63 lower-case letters, digits and dashes")
  .meta({ example: "acme" });

/** The organization as the API shows it. */
export const organizationView = organizationSchema
  .omit({ etag: true })
  .meta({ id: "Organization", description: "The tenant." });
