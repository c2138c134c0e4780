import * as z from "zod";
import { MAPPING_FIELDS, mappingSchema } from "../../../../../shared/expressions/mapping.ts";
import { graphLimits } from "../limits.ts";
import { answer } from "../types/joined.ts";
import { ANY, anyObject, closed, ofType, type Shape } from "../types/shape.ts";
import { oneAgent } from "./cost.ts";
import { agentFields, configOf, defineKind, EXAMPLE_AGENT, type NodeAgent, never, usesOfMapping } from "./kind.ts";

export const agent = defineKind({
  kind: "agent",
  group: "agents",
  icon: "bot",
  example: { agent_id: EXAMPLE_AGENT, input_mapping: { message: "input.question" } },
  summary: "Runs an agent on its input. Emits {text, object?}: object where the agent has a response schema.",
  pure: never,
  config: configOf(() => ({
    ...agentFields,
    input_mapping: mappingSchema.optional(),
    system_prompt_override: z.string().min(1).max(graphLimits.prompt).optional(),
    temperature: z.number().min(0).max(2).optional(),
  })),
  ...oneAgent<NodeAgent>("What its agent costs, once an attempt.", ({ agent_id, version }) => ({ agent_id, version })),
  emits: (_, { object }) => answer(object),
  limits: { prompt_characters: graphLimits.prompt, mapping_fields: MAPPING_FIELDS },
  uses: ({ input_mapping }) => usesOfMapping("input_mapping", input_mapping),
});

/** Scheme and host are literal: only what comes after them may be filled in, so that data never chooses the host. */
const url = z
  .string()
  .max(graphLimits.url)
  .regex(
    /^https?:\/\/[A-Za-z0-9.\-[\]:]+(?:[/?].*)?$/s,
    "must be an http or https address with a literal host and no credentials",
  );

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, "must be a header name");
const headerValue = z
  .string()
  .max(graphLimits.header_value)
  .regex(/^[^\p{Cc}]*$/u, "must not contain control characters");
const headers = z
  .record(headerName, headerValue)
  .refine(
    (value) => Object.keys(value).length <= graphLimits.headers,
    `must have at most ${graphLimits.headers} headers`,
  );

const httpAnswer = closed(
  [
    // A text where it is one of the secrets that are taken out.
    ["status", [{ type: "number", min: 200, max: 299, whole: true }, ofType("string")]],
    ["headers", [anyObject]],
    ["body", ANY],
  ],
  ["status", "headers", "body"],
);
/** Of parameters. */
const query: Shape = [anyObject, ofType("null")];

export const http = defineKind({
  kind: "http",
  group: "actions",
  icon: "globe",
  example: { method: "POST", url: "https://api.example.com/orders/{{ input.id }}", body: { status: "input.status" } },
  summary: "Sends one guarded HTTP request. Emits {status, headers, body}.",
  pure: never,
  cost: { words: "Nothing here; what the host it asks takes is not known.", usual_timeout_ms: 30_000, paid: () => [] },
  limits: {
    url_characters: graphLimits.url,
    headers: graphLimits.headers,
    header_value_characters: graphLimits.header_value,
    mapping_fields: MAPPING_FIELDS,
  },
  emits: () => httpAnswer,
  secret_fields: ["secret_headers"],
  config: configOf(() => ({
    method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).meta({ id: "HttpNodeMethod" }).default("GET"),
    url: url.optional().meta({ description: "May hold {{ expression }} placeholders after the host." }),
    query: mappingSchema.optional(),
    headers: headers.optional().meta({ description: "Values may hold {{ expression }} placeholders." }),
    secret_headers: headers.optional().meta({ description: "Encrypted at rest, never shown again.", secret: true }),
    body: mappingSchema.optional(),
  })).check((context) => {
    const { method, body } = context.value;
    if (body === undefined || (method !== "GET" && method !== "HEAD")) return;
    context.issues.push({ code: "custom", input: body, path: ["body"], message: `${method} takes no body` });
  }),
  uses: (config) => [
    ...(config.url === undefined ? [] : [{ field: "url", form: "template", text: config.url } as const]),
    ...usesOfMapping("query", config.query, query),
    ...Object.entries(config.headers ?? {}).map(
      ([name, text]) => ({ field: `headers.${name}`, form: "template", text }) as const,
    ),
    ...usesOfMapping("body", config.body),
  ],
  lacks: (config) => (config.url === undefined ? ["Give its url."] : []),
});

/** Of a tool of an MCP server, by the server. */
const MCP_TOOL = 128;
/** The longest that a tool may take itself. */
const TOOL_MS = 60_000;

export const tool = defineKind({
  kind: "tool",
  group: "actions",
  icon: "wrench",
  example: { agent_id: EXAMPLE_AGENT, tool: "find_order", input_mapping: { id: "input.order_id" } },
  summary:
    "Calls one tool of an agent, without a model: a function, an API or a tool of an MCP server. Emits what it answers.",
  pure: never,
  config: configOf(() => ({
    ...agentFields,
    tool: z.string().min(1).max(64).optional().meta({ description: "Its name with the agent.", example: "find_order" }),
    mcp_tool: z.string().min(1).max(MCP_TOOL).optional().meta({
      description: "Of an MCP server: which of the tools that the agent may use, by the server's own name.",
    }),
    input_mapping: mappingSchema
      .optional()
      .meta({ description: "Makes the arguments; the input where it is left out." }),
  })),
  agent: ({ agent_id, version }) => ({ agent_id, version }),
  cost: { words: "Nothing here; what the tool's host takes is not known.", usual_timeout_ms: TOOL_MS, paid: () => [] },
  emits: () => ANY,
  limits: { mapping_fields: MAPPING_FIELDS, mcp_tool_characters: MCP_TOOL },
  uses: ({ input_mapping }) => usesOfMapping("input_mapping", input_mapping, [anyObject]),
  lacks: (config) => (config.tool === undefined ? ["Say which tool of the agent it calls."] : []),
});

/** The longest that a connector may take where its node does not say. */
const CONNECTOR_MS = 30_000;

export const connector = defineKind({
  kind: "connector",
  group: "actions",
  icon: "plug",
  example: { connector_id: "con_01JDQ4X0Z5V8W3N7K2M9R6T1BC", input_mapping: { id: "input.order_id" } },
  summary: "Asks a system outside through one of the organization's connectors. Emits what it answers.",
  pure: never,
  config: configOf(() => ({
    connector_id: z.string().min(1).max(64).optional(),
    input_mapping: mappingSchema
      .optional()
      .meta({ description: "Makes what is asked; the input where it is left out." }),
  })),
  cost: { words: "Nothing here; what the system takes is not known.", usual_timeout_ms: CONNECTOR_MS, paid: () => [] },
  emits: () => ANY,
  limits: { mapping_fields: MAPPING_FIELDS },
  uses: ({ input_mapping }) => usesOfMapping("input_mapping", input_mapping),
  references: ({ connector_id }) =>
    connector_id === undefined ? [] : [{ type: "connector", id: connector_id, path: ["connector_id"] }],
  lacks: (config) => (config.connector_id === undefined ? ["Say which connector it asks."] : []),
});
