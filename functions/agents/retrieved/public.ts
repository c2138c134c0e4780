/** What is kept of a search through an agent's contexts. Apart: runs show it, and need nothing else of agents for that. */
import * as z from "zod";
import { idSchema } from "../../../shared/ids.ts";

/** Passages that a call was given, most like the message first. */
export const retrievedSchema = z
  .array(
    z
      .object({
        chunk_id: z.string().meta({
          description:
            "By which the answer cites it, in square brackets: of which context, of which text, the how manieth.",
          example: "ctx_01JDQ4X0Z5V8W3N7K2M9R6T1BC.3f0a9c51d2e7.14",
        }),
        context_id: idSchema("agent_context"),
        locator: z.string().nullable().meta({
          description: "Page, slide or sheet, and heading, where the text has them.",
          example: "page 3, Terms of delivery",
        }),
        score: z
          .number()
          .min(0)
          .max(1)
          .meta({ description: "How much it is like the message: the cosine, 1 for the same." }),
        cited: z.boolean().meta({ description: "Whether the answer names it." }),
      })
      .meta({ id: "RetrievedPassage" }),
  )
  .nullable()
  .meta({
    description: "Passages of contexts that were found for the message; null where contexts were not searched.",
  });
export type Retrieved = z.output<typeof retrievedSchema>;
