import * as z from "zod";
import { defineEvents } from "../change/events.ts";

export const shadowEvents = defineEvents({
  "policy.shadow_denied": {
    summary:
      "A policy in shadow would have denied a request, which went on. The first hundred a day of a version are told, then each that doubles their number; all are counted.",
    resource: "policy",
    data: z.object({
      policy_id: z.string(),
      name: z.string(),
      version: z.number(),
      /** The operation that was asked for. */
      operation: z.string(),
      detail: z.string(),
      /** Which one of the day it is. */
      denied: z.number(),
    }),
  },
});
