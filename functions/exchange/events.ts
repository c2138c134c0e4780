import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { idSchema } from "../../shared/ids.ts";
import { formatSchema } from "./model.ts";

export const exchangeEvents = defineEvents({
  "document.exported": {
    summary: "Somebody took agents, with their prompts, or pipelines out as a document.",
    resource: "document",
    data: z.object({
      digest: z.string().meta({ description: "SHA-256 of the file as it was sent, in hexadecimal." }),
      format: formatSchema,
      agent_ids: z.array(idSchema("agent")),
      pipeline_ids: z.array(idSchema("pipeline")),
    }),
  },
});
