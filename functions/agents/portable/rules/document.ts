import * as z from "zod";
import { secretsNamed, TO_SUPPLY } from "../../../../shared/secrets/supply.ts";
import { textContext, urlContext } from "../../contexts/rules/sent.ts";
import { agentLimits, newDefinition } from "../../model.ts";
import { newToolSchema } from "../../tools/rules/definition.ts";

/**
 * An agent as it stands in a document that leaves its organization: what it is, without ids, places, owners and times.
 * Pure.
 */

export const portableAgentSchema = z
  .strictObject({
    ...newDefinition,
    contexts: z
      .array(z.discriminatedUnion("content_type", [textContext, urlContext]))
      .max(agentLimits.contexts)
      .optional(),
    tools: z.array(newToolSchema).max(agentLimits.tools).default([]),
  })
  .check(({ value, issues }) => {
    const seen = new Set<string>();
    for (const [i, { name }] of value.tools.entries()) {
      if (seen.has(name.toLowerCase()))
        issues.push({ code: "custom", input: name, path: ["tools", i, "name"], message: "is used twice" });
      seen.add(name.toLowerCase());
    }
  });
export type PortableAgent = z.output<typeof portableAgentSchema>;
export type PortableContext = NonNullable<PortableAgent["contexts"]>[number];
type PortableTool = PortableAgent["tools"][number];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An agent of a document as its schema takes it. */
export function agentWithSecretsNamed(agent: unknown): unknown {
  if (!isRecord(agent) || !Array.isArray(agent.tools)) return agent;
  const tools = agent.tools.map((tool: unknown) => {
    if (!isRecord(tool) || !isRecord(tool.config) || tool.config.secret_headers === undefined) return tool;
    return { ...tool, config: { ...tool.config, secret_headers: secretsNamed(tool.config.secret_headers) } };
  });
  return { ...agent, tools };
}

const withoutValues = (tool: PortableTool): object =>
  tool.tool_type === "function"
    ? tool
    : {
        ...tool,
        config: {
          ...tool.config,
          // What a document brings is new; what it does not bring is null, as of what is stored.
          secret_headers: Object.fromEntries(
            Object.entries(tool.config.secret_headers).map(([name, value]) => [
              name,
              value === TO_SUPPLY ? null : "(supplied)",
            ]),
          ),
        },
      };

const order = (a: PortableContext, b: PortableContext): number => {
  const [x, y] = [JSON.stringify([a.name, a]), JSON.stringify([b.name, b])];
  return x < y ? -1 : x > y ? 1 : 0;
};

/** The agent as documents show it: contexts and tools in one order, and no secret's value. */
export const shownAgent = ({ contexts, tools, ...agent }: PortableAgent): Readonly<Record<string, unknown>> => ({
  ...agent,
  ...(contexts === undefined ? {} : { contexts: contexts.toSorted(order) }),
  tools: tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(withoutValues),
});
