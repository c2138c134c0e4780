import * as z from "zod";

const behindSchema = z
  .object({ type: z.string(), id: z.string() })
  .meta({ id: "PrincipalBehind", description: "For whom somebody acts." });

/**
 * Who acts. The same union stands in requests, audit entries, events and workflows.
 * An `api_key` is a program that came with it, and acts within what its owner may.
 * A `scim_token` is the directory that came with it. An `agent` is a run that acts on behalf of the principal who started it.
 * An `operator` is a person who runs the platform and acts as such, not as a member.
 */
export const principalSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("user"), id: z.string() }),
    z.object({
      type: z.literal("api_key"),
      id: z.string(),
      on_behalf_of: behindSchema.optional().meta({ description: "Whose key it is." }),
    }),
    z.object({ type: z.literal("scim_token"), id: z.string() }),
    z.object({
      type: z.literal("agent"),
      id: z.string(),
      on_behalf_of: behindSchema,
    }),
    z.object({ type: z.literal("system"), id: z.string() }),
    z.object({
      type: z.literal("operator"),
      id: z.string().meta({ description: "The person's user id." }),
      access_id: z
        .string()
        .optional()
        .meta({ description: "By which access to the organization, where it was by one." }),
    }),
  ])
  .meta({ id: "Principal", description: "Who acted." });

export type Principal = z.output<typeof principalSchema>;

/** What kinds of principals there are. */
export const principalTypes: readonly Principal["type"][] = principalSchema.options.map(
  ({ shape }) => shape.type.value,
);

/** A principal as one text, as `principalKey` gives it. */
export const principalTextSchema = z
  .string()
  .regex(new RegExp(`^(${principalTypes.join("|")}):\\S{1,150}$`), "must be a type and an id, like user:usr_01J…");

export const principalKey = (principal: Principal): string => `${principal.type}:${principal.id}`;
