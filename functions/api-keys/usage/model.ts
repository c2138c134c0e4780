import * as z from "zod";

const counts = {
  succeeded: z.int().meta({ description: "Answered with 2xx or 3xx.", example: 118 }),
  refused: z
    .int()
    .meta({ description: "Answered with 4xx: a limit, a missing permission, what is not there.", example: 2 }),
  failed: z.int().meta({ description: "Answered with 5xx.", example: 0 }),
};

export const daySchema = z.iso.date().meta({ example: "2026-01-31" });

/** What a key was used for on a day. */
export const usageView = z
  .object({
    day: daySchema.meta({ description: "By UTC." }),
    ...counts,
    operations: z.array(
      z
        .object({ operation: z.string().meta({ example: "agents.get" }), ...counts })
        .meta({ id: "ApiKeyOperationUsage" }),
    ),
  })
  .meta({ id: "ApiKeyUsage", description: "Requests that came with an API key on a day, and how they came out." });
