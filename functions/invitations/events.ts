import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const invitation = z.object({ invitation_id: z.string(), role: z.string() });

export const invitationEvents = defineEvents({
  "invitation.created": { summary: "Somebody was invited; a mail goes out.", resource: "invitation", data: invitation },
  "invitation.resent": {
    summary: "An invitation was sent again, with a new link; the old one is dead.",
    resource: "invitation",
    data: invitation,
  },
  "invitation.revoked": { summary: "An invitation was taken back.", resource: "invitation", data: invitation },
  "invitation.accepted": {
    summary: "Somebody joined by an invitation.",
    resource: "invitation",
    data: invitation.extend({ user_id: z.string() }),
  },
  "invitation.expired": { summary: "Nobody followed an invitation in time.", resource: "invitation", data: invitation },
});
