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
  "organization.suspended": {
    summary:
      "An organization was suspended; refused from the next request on. Its webhooks hear of it once it is restored.",
    resource: "organization",
    data: organization.extend({ reason: z.string() }),
  },
  "organization.restored": {
    summary: "An organization is no longer suspended, or no longer deleted.",
    resource: "organization",
    data: organization.extend({ status: z.string(), previous_status: z.string() }),
  },
  "organization.deleted": {
    summary:
      "An organization was deleted; refused from the next request on, and erased when nobody restores it in time.",
    resource: "organization",
    data: organization.extend({ erase_at: z.string() }),
  },
  "membership.added": { summary: "A user became a member.", resource: "membership", data: membership },
});
