import type { Organization } from "../../shared/identity/items.ts";
import { UNSET } from "../../shared/identity/settings.ts";

/** An organization as it is stored, for tests that write one beside the API. */
export const organizationNamed = (id: string, more: Partial<Organization> = {}): Organization => ({
  id,
  name: "Acme",
  slug: id.toLowerCase().replace("_", "-"),
  status: "active",
  suspension: null,
  deletion: null,
  plan: "free",
  settings: UNSET,
  created_by: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  etag: "e",
  ...more,
});
