import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const token = z.object({ token_id: z.string(), name: z.string() });

export const scimEvents = defineEvents({
  "scim.token_created": {
    summary: "A company's directory may push people and groups with another token.",
    resource: "scim_token",
    data: token.extend({ expires_at: z.string().nullable() }),
  },
  "scim.user_provisioned": {
    summary: "A directory brought somebody: a new member, or one who was there (`known`).",
    resource: "user",
    data: z.object({ user_id: z.string(), known: z.boolean() }),
  },
  "scim.user_updated": {
    summary: "A directory says something else of somebody, in the protocol's names.",
    resource: "user",
    data: z.object({ user_id: z.string(), changed_fields: z.array(z.string()) }),
  },
  "scim.group_updated": {
    summary: "A directory has another id for a group.",
    resource: "team",
    data: z.object({ team_id: z.string(), changed_fields: z.array(z.string()) }),
  },
  "scim.settings_updated": {
    summary: "What people become whom a directory brings has changed.",
    resource: "scim_settings",
    data: z.object({ changed_fields: z.array(z.string()) }),
  },
  "scim.token_revoked": {
    summary: "A directory's token was revoked; refused from the next request on.",
    resource: "scim_token",
    data: token,
  },
});
