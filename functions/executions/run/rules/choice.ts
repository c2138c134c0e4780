import * as z from "zod";
import { isObject, type Json } from "../../../../shared/expressions/json.ts";
import { parseValue } from "../../../../shared/http/parse.ts";
import { offerLimits } from "../../../agents/offers/public.ts";

/** A prompt as a person names it. */
export const promptChoice = z
  .strictObject({
    tool: z.string().min(1).max(64).meta({ description: "The agent's name of the MCP server.", example: "files" }),
    name: z.string().min(1).max(offerLimits.prompt_name).meta({ example: "review" }),
    arguments: z
      .record(z.string().min(1).max(200), z.string().max(offerLimits.prompt_argument))
      .refine(
        (value) => Object.keys(value).length <= offerLimits.prompt_arguments,
        `must have at most ${offerLimits.prompt_arguments} names`,
      )
      .default({}),
  })
  .meta({
    id: "McpPromptChoice",
    description: "A prompt of one of the agent's MCP servers, whose messages it is asked with.",
  });
export type PromptChoice = z.output<typeof promptChoice>;

/**
 * The prompt that the input of an agent's run names: an object `prompt` is one, and nothing else.
 * @throws Problem `validation_failed` where that object is no choice of a prompt
 */
export const promptIn = (input: Json): PromptChoice | undefined =>
  isObject(input) && isObject(input.prompt) ? parseValue(promptChoice, input.prompt, "input.prompt") : undefined;
