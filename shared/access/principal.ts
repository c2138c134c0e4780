import * as z from "zod";

/**
 * Who acts. The same union stands in requests, audit entries, events and workflows.
 * A `scim_token` is the directory that came with it. An `agent` is a run that acts on behalf of the principal who started it.
 */
export const principalSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("user"), id: z.string() }),
    z.object({ type: z.literal("api_key"), id: z.string() }),
    z.object({ type: z.literal("scim_token"), id: z.string() }),
    z.object({
      type: z.literal("agent"),
      id: z.string(),
      on_behalf_of: z.object({ type: z.string(), id: z.string() }),
    }),
    z.object({ type: z.literal("system"), id: z.string() }),
  ])
  .meta({ id: "Principal", description: "Who acted." });

export type Principal = z.output<typeof principalSchema>;

export const principalKey = (principal: Principal): string => `${principal.type}:${principal.id}`;
