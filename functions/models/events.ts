import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const provider = z.object({ provider: z.string(), type: z.string() });

export const modelEvents = defineEvents({
  "model_provider.configured": {
    summary: "A model provider's key or settings were stored.",
    resource: "model_provider",
    data: provider.extend({ changed_fields: z.array(z.string()) }),
  },
  "model_provider.circuit_opened": {
    summary: "Calls to a model provider have failed so often that it is left alone for a while.",
    resource: "model_provider",
    data: z.object({ provider: z.string(), failures: z.int(), error_code: z.string(), retry_at: z.string() }),
  },
  "model_provider.circuit_closed": {
    summary: "A model provider is called again as usual: a call that tried was answered, or somebody said so.",
    resource: "model_provider",
    data: z.object({ provider: z.string(), by: z.enum(["probe", "reset", "settings"]) }),
  },
  "model_provider.removed": {
    summary: "A model provider's key and settings were removed.",
    resource: "model_provider",
    data: provider,
  },
});
