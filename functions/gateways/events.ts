import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { environmentSchema } from "../../shared/http/schemas.ts";
import type { Gateway } from "./model.ts";
import { healthSchema, resultSchema } from "./rules/kinds.ts";

const gateway = z.object({ gateway_id: z.string(), name: z.string(), environment: environmentSchema });

export const gatewayEvents = defineEvents({
  "gateway.created": { summary: "A gateway was registered.", resource: "gateway", data: gateway },
  "gateway.updated": {
    summary: "A gateway was changed, or taken into or out of use.",
    resource: "gateway",
    data: gateway.extend({ changed_fields: z.array(z.string()) }),
  },
  "gateway.deleted": { summary: "A gateway was deleted.", resource: "gateway", data: gateway },
  "gateway.key_rotated": {
    summary: "A gateway has a new key; the one before is tried where it is refused, until its overlap ends.",
    resource: "gateway",
    data: gateway.extend({ previous_key_until: z.string().nullable() }),
  },
  "gateway.checked": {
    summary: "Somebody had a gateway checked.",
    resource: "gateway",
    data: gateway.extend({ result: resultSchema, error_code: z.string().nullable() }),
  },
  "gateway.health_changed": {
    summary: "A gateway is healthy, degraded or unhealthy by its last checks, or nothing is known of it any more.",
    resource: "gateway",
    data: gateway.extend({ health: healthSchema, before: healthSchema, error_code: z.string().nullable() }),
  },
});

/** What every event of a gateway says of it. */
export const about = ({ id, name, environment }: Gateway) => ({ gateway_id: id, name, environment });
export const ref = ({ id, name }: Gateway) => ({ id, name });
