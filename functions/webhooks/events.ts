import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const webhook = z.object({ webhook_id: z.string(), name: z.string() });
const delivery = webhook.extend({ delivery_id: z.string() });

export const webhookEvents = defineEvents({
  "webhook.created": { summary: "A webhook was created.", resource: "webhook", data: webhook },
  "webhook.updated": {
    summary: "A webhook was changed, paused or activated.",
    resource: "webhook",
    data: webhook.extend({ changed_fields: z.array(z.string()) }),
  },
  "webhook.deleted": { summary: "A webhook was deleted.", resource: "webhook", data: webhook },
  "webhook.secret_rotated": {
    summary: "A webhook has a new signing secret; the one before signs along until it expires.",
    resource: "webhook",
    data: webhook.extend({ old_secret_expires_at: z.string() }),
  },
  "webhook.auto_disabled": {
    summary: "A webhook was switched off: its receiver kept failing, or said that it is gone.",
    resource: "webhook",
    data: webhook.extend({ reason: z.string(), consecutive_failures: z.number().int() }),
  },
  "webhook.test_sent": { summary: "A test delivery was asked for.", resource: "webhook", data: delivery },
  "webhook.delivery_replayed": {
    summary: "An earlier delivery is made once more.",
    resource: "webhook",
    data: delivery.extend({ event_id: z.string(), replay_of: z.string() }),
  },
  "webhook.replay_requested": {
    summary: "The events of a time range are delivered once more.",
    resource: "webhook",
    data: webhook.extend({ replay_id: z.string(), since: z.string(), until: z.string() }),
  },
});
