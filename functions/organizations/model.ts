import { organizationSchema } from "../../shared/identity/items.ts";

/** The organization as the API shows it. */
export const organizationView = organizationSchema
  .omit({ etag: true })
  .meta({ id: "Organization", description: "The tenant." });
