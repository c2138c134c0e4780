import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const organization = z.object({ organization_id: z.string(), name: z.string() });
const changed = organization.extend({ changed_fields: z.array(z.string()) });
const membership = z.object({ organization_id: z.string(), user_id: z.string(), role: z.string() });

export const organizationEvents = defineEvents({
  "organization.created": { summary: "An organization was registered.", resource: "organization", data: organization },
  "organization.updated": {
    summary:
      "An organization's name, slug or settings changed; a setting is named with its part, as `settings.retention.run_days`.",
    resource: "organization",
    data: changed,
  },
  "membership.added": { summary: "A user became a member.", resource: "membership", data: membership },
});
