import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const team = z.object({ team_id: z.string(), name: z.string() });
const placed = team.extend({ parent_id: z.string().nullable() });
const member = team.extend({ user_id: z.string(), role: z.string() });

export const teamEvents = defineEvents({
  "team.created": { summary: "A team was created.", resource: "team", data: placed },
  "team.updated": {
    summary: "A team has another name or description, or stands under another one.",
    resource: "team",
    data: placed.extend({ changed_fields: z.array(z.string()) }),
  },
  "team.deleted": {
    summary: "A team was deleted. The teams that stood under it (`children`) stand under `parent_id` now.",
    resource: "team",
    data: placed.extend({
      children: z.array(z.string()),
      directory: z.boolean().meta({ description: "Whether the company's directory kept it." }),
    }),
  },
  "team.member_added": { summary: "A user was added to a team.", resource: "team", data: member },
  "team.member_role_changed": {
    summary: "A member of a team became a lead of it, or is none any more.",
    resource: "team",
    data: member,
  },
  "team.member_removed": { summary: "A user was removed from a team.", resource: "team", data: member },
});
