import * as z from "zod";
import { HELD_SECONDS, MOST_HELD, USAGE_KEPT_DAYS } from "../../../shared/access/keys/usage.ts";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { isOrdered, OUT_OF_ORDER } from "../../../shared/http/time-range.ts";
import { idSchema } from "../../../shared/ids.ts";
import { apiKeyResource } from "../store.ts";
import { daySchema, usageView } from "./model.ts";

export const usageOperations = {
  usage: operation({
    id: "api_keys.list_usage",
    method: "GET",
    path: "/api-keys/{api_key_id}/usage",
    summary: "Read what an API key was used for",
    description: `Requests that were let in with the key, by day, operation and outcome, the oldest day first; days without any are left out. Kept for ${USAGE_KEPT_DAYS} days. The numbers are what was at least, and never more: processes hold up to ${MOST_HELD - 1} requests of a key before they write them, with the next request after ${HELD_SECONDS / 60} minutes at the latest, and lose what they hold when they are ended.`,
    permission: "api_keys:read",
    resource: apiKeyResource,
    request: {
      path: z.object({ api_key_id: idSchema("api_key") }),
      query: z
        .strictObject({
          ...pageQuery,
          from: daySchema.optional().meta({ description: "The first day; 29 days before the last one unless told." }),
          to: daySchema.optional().meta({ description: "The last day; today unless told." }),
        })
        .refine(isOrdered, { error: OUT_OF_ORDER.message, path: ["from"] }),
    },
    response: pageOf(usageView),
    success: 200,
    errors: [],
  }),
} as const;
