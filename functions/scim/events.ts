import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const token = z.object({ token_id: z.string(), name: z.string() });

export const scimEvents = defineEvents({
  "scim.token_created": {
    summary: "A company's directory may push people and groups with another token.",
    resource: "scim_token",
    data: token.extend({ expires_at: z.string().nullable() }),
  },
  "scim.token_revoked": {
    summary: "A directory's token was revoked; refused from the next request on.",
    resource: "scim_token",
    data: token,
  },
});
