import * as z from "zod";
import { jsonValue } from "../../../../shared/expressions/json.ts";
import { limits } from "../../../../shared/http/schemas.ts";
import { jsonSchemaField } from "../../../../shared/json-schema/schema.ts";
import { headerProblem } from "../../../../shared/outbound/headers.ts";
import { encryptedSecret, type SecretContext } from "../../../../shared/secrets/schema.ts";
import { offerLimits } from "../../offers/rules/limits.ts";

/** Limits of tools, units in the names. */
export const toolLimits = {
  name: 64,
  headers: 20,
  header_value: 4_000,
  timeout_ms: 60_000,
  default_timeout_ms: 15_000,
  arguments_bytes: 100_000,
  output_bytes: 262_144,
  mcp_tools: 100,
  expression: 8_192,
  endpoint: 2_000,
} as const;

/** Names that every provider takes. `__` separates an MCP server's name from its tools' names. */
export const toolName = z
  .string()
  .max(toolLimits.name)
  .regex(/^[a-zA-Z][a-zA-Z0-9_-]*$/, "must begin with a letter and hold letters, digits, _ and - only")
  .refine((name) => !name.includes("__"), "must not contain __");

const headerName = z.string().min(1).max(100);
const headerValue = z.string().max(toolLimits.header_value);

const checkedHeaders = <T extends z.ZodType<string>>(value: T) =>
  z.record(headerName, value).superRefine((headers, context) => {
    if (Object.keys(headers).length > toolLimits.headers) {
      context.addIssue({ code: "custom", message: `at most ${toolLimits.headers} headers`, input: headers });
    }
    for (const [name, text] of Object.entries(headers)) {
      const problem = headerProblem(name, text);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem, path: [name], input: headers });
    }
  });

const parameters = jsonSchemaField.refine(
  (schema) => schema.type === "object",
  'must describe an object: "type": "object"',
);

const timeout = z.int().min(100).max(toolLimits.timeout_ms).optional();

/** A pure function of its arguments: a JSONata expression that sees the arguments as its input and nothing else. */
const functionConfig = z.strictObject({
  parameters,
  expression: z.string().min(1).max(toolLimits.expression),
});

/** The shapes that hold headers, once with secrets in clear (as they are sent to us), once encrypted (as they are stored). */
const withSecrets = <T extends z.ZodType<string>>(secret: T) => {
  const secret_headers = checkedHeaders(secret).default({});
  const headers = checkedHeaders(headerValue).default({});

  /**
   * One HTTP endpoint. `{name}` in its path, its query or in texts of `body` stands for the argument of that name. Arguments that
   * are named nowhere become the JSON body (POST, PUT, PATCH without `body`) or further query parameters (GET, DELETE).
   */
  const api = z.strictObject({
    endpoint: z.string().min(8).max(toolLimits.endpoint),
    method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    headers,
    secret_headers,
    parameters,
    body: jsonValue({ depth: limits.json_depth, size: limits.request_bytes }).optional(),
    timeout_ms: timeout,
  });

  /**
   * A server of the Model Context Protocol (streamable HTTP). Only the tools named here can be seen and called, only these
   * resources are read, and only these prompts can be asked for.
   */
  const mcp = z
    .strictObject({
      server: z.string().min(8).max(toolLimits.endpoint),
      tools: z.array(z.string().min(1).max(128)).max(toolLimits.mcp_tools),
      resources: z.array(z.string().min(1).max(offerLimits.uri)).max(offerLimits.resources).optional().meta({
        description: "Addresses of resources whose text the agent is given, as it is when it begins to answer.",
      }),
      prompts: z
        .array(z.string().min(1).max(offerLimits.prompt_name))
        .max(offerLimits.prompts)
        .optional()
        .meta({ description: "Names of prompts that whoever asks the agent may use." }),
      headers,
      secret_headers,
      timeout_ms: timeout,
    })
    .refine(({ tools, resources = [], prompts = [] }) => tools.length + resources.length + prompts.length > 0, {
      path: ["tools"],
      message: "must name a tool, or else a resource or a prompt of the server",
    });

  return z.discriminatedUnion("tool_type", [
    z.strictObject({ tool_type: z.literal("function"), config: functionConfig }),
    z.strictObject({ tool_type: z.literal("api"), config: api }),
    z.strictObject({ tool_type: z.literal("mcp"), config: mcp }),
  ]);
};

/** A tool's type and configuration as a request brings them, secrets in clear. */
export const toolConfigInput = withSecrets(headerValue.min(1));
export type ToolConfigInput = z.infer<typeof toolConfigInput>;

export const toolDescription = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .meta({ description: "Tells the model what the tool does and when to use it." });

const common = { name: toolName, description: toolDescription, is_enabled: z.boolean().default(true) };
const [functionTool, apiTool, mcpTool] = toolConfigInput.options;

/** A new tool, as it is sent. */
export const newToolSchema = z.discriminatedUnion("tool_type", [
  functionTool.extend(common),
  apiTool.extend(common),
  mcpTool.extend(common),
]);
export type NewTool = z.output<typeof newToolSchema>;

/** The same as it is stored. */
export const storedToolConfig = withSecrets(encryptedSecret);
export type StoredToolConfig = z.infer<typeof storedToolConfig>;

/** What is needed to run a tool. */
export type Tool = StoredToolConfig & { id: string; name: string; description: string };

/** The context that binds a secret header to its tenant, tool and name. */
export const secretHeaderContext = (tenant: string, toolId: string, header: string): SecretContext => ({
  purpose: "tool_headers",
  tenant,
  field: "agent_tool.secret_header",
  tool: toolId,
  header: header.toLowerCase(),
});
