import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const user = z.object({ user_id: z.string() });

export const userEvents = defineEvents({
  "user.updated": {
    summary: "A user changed their profile.",
    resource: "user",
    data: user.extend({ changed_fields: z.array(z.string()) }),
  },
  "user.suspended": {
    summary: "A member was suspended in the organization; refused from the next request on.",
    resource: "user",
    data: user,
  },
  "user.restored": { summary: "A suspended member is active again.", resource: "user", data: user },
  "membership.role_changed": {
    summary: "A member has another role; it counts from the next request on.",
    resource: "membership",
    data: user.extend({ organization_id: z.string(), role: z.string(), previous_role: z.string() }),
  },
  "membership.removed": {
    summary: "A member was removed or left; refused from the next request on.",
    resource: "membership",
    data: user.extend({ organization_id: z.string(), role: z.string(), successor_id: z.string() }),
  },
});
