import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const provider = z.object({ provider: z.string(), type: z.string() });

export const modelEvents = defineEvents({
  "model_provider.configured": {
    summary: "A model provider's key or settings were stored.",
    resource: "model_provider",
    data: provider.extend({ changed_fields: z.array(z.string()) }),
  },
  "model_provider.removed": {
    summary: "A model provider's key and settings were removed.",
    resource: "model_provider",
    data: provider,
  },
});
