import { createHash } from "node:crypto";
import { compileSchema } from "../../../shared/json-schema/schema.ts";
import type { Outbound } from "../../../shared/outbound/client.ts";
import { asCall } from "../../../shared/outbound/trace.ts";
import { hiddenForms, redact } from "../../../shared/secrets/redact.ts";
import type { EncryptedSecret } from "../../../shared/secrets/schema.ts";
import { cutText } from "../../../shared/text.ts";
import type { Arguments, CompileExpression, DescribedTool } from "../../agents/tools/public.ts";
import { pinName, type Tool, toolLimits } from "../../agents/tools/public.ts";
import { callApi } from "./api.ts";
import { isOfTemplate } from "./mcp/rules/offers.ts";
import { type McpSession, mcpSession, type PromptMessage } from "./mcp/session.ts";
import { type ToolErrorCode, type ToolFailure, type ToolResult, toolFailure } from "./rules/outcome.ts";

export type ToolDependencies = {
  outbound: Pick<Outbound, "request" | "fetch">;
  compile_expression: CompileExpression;
  /** Which of a server's tools, as it describes them now, are not as they were accepted. */
  changed_tools: (tool: Tool & { tool_type: "mcp" }, listed: readonly DescribedTool[]) => Promise<ReadonlySet<string>>;
  /** Of a call that may be repeated: endpoints of APIs are told. */
  idempotency_key?: string | undefined;
  /** Opens one stored secret header of a tool. */
  open_secret: (secret: EncryptedSecret, tool: Tool, header: string) => Promise<string>;
};

/** A tool as a model is told of it. */
export type ToolDescription = { name: string; description: string; parameters: Readonly<Record<string, unknown>> };

/** One tool of an MCP server that cannot be offered, by the server's own name for it. */
export type LeftOut = { name: string; code: ToolErrorCode; message: string };

export type Described = { ok: true; tools: ToolDescription[]; left_out: LeftOut[] };

/** A resource of an MCP server as it was read. */
export type ReadResource = { uri: string; mime_type: string | null; text: string; bytes: number; sha256: string };

/** What of an agent's resources could be read; what is left out goes by its address. */
export type ReadResources = { read: ReadResource[]; left_out: LeftOut[] };

/** A prompt as its server has filled it. */
export type FilledPrompt = { ok: true; messages: PromptMessage[]; bytes: number; sha256: string };

export type ToolRunner = {
  /** What the model may call: one entry for a function or an API, one for each allowed tool of an MCP server. */
  describe: (tool: Tool, signal?: AbortSignal) => Promise<Described | ToolFailure>;
  /** Runs one call. `name` is a name out of `describe`; `key` tells the call from others of the same work. Never throws. */
  execute: (tool: Tool, name: string, args: unknown, signal?: AbortSignal, key?: string) => Promise<ToolResult>;
  /** Reads the resources of an MCP server that the agent is given. A server that cannot be reached leaves all of them out. Never throws. */
  resources: (tool: Tool, signal?: AbortSignal) => Promise<ReadResources>;
  /** Has an MCP server fill one of the prompts that the agent may use. Never throws. */
  prompt: (
    tool: Tool,
    name: string,
    args: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ) => Promise<FilledPrompt | ToolFailure>;
  /** What an MCP server has, whatever of it the agent may use; nothing of it is pinned. Never throws. */
  inspect: (tool: Tool & { tool_type: "mcp" }, signal?: AbortSignal) => Promise<Offer>;
  /** Ends the sessions with MCP servers. */
  close: () => Promise<void>;
};

type Answer<K extends "listTools" | "listResources" | "listPrompts"> = Awaited<ReturnType<McpSession[K]>>;

/** Everything that a server has, or why that is not known. */
export type Offer = {
  tools: Answer<"listTools">;
  resources: Answer<"listResources">;
  prompts: Answer<"listPrompts">;
};

const isObject = (value: unknown): value is Arguments =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The arguments, checked against the tool's parameters. */
export const checkArguments = async (
  parameters: unknown,
  args: unknown,
): Promise<{ ok: true; args: Arguments } | ToolFailure> => {
  if (!isObject(args)) return toolFailure("tool_arguments_invalid", "They must be an object.");
  if (JSON.stringify(args).length > toolLimits.arguments_bytes)
    return toolFailure("tool_arguments_invalid", "They are too large.");
  const compiled = compileSchema(parameters);
  if (!compiled.ok) return toolFailure("tool_arguments_invalid", "The tool's parameters are not a usable schema.");
  const issues = await compiled.validate(args);
  if (issues.length === 0) return { ok: true, args };
  return toolFailure(
    "tool_arguments_invalid",
    issues.map(({ path, message }) => `${path || "(all)"}: ${message}`).join(" "),
  );
};

/** Takes secrets out of what a server says of something. Its name stays: it was configured in clear, and is what is looked up. */
const redactNamed = <T extends { readonly name: string }>(named: readonly T[], secrets: readonly string[]): T[] =>
  named.map((one) => ({ ...redact(one, secrets), name: one.name }));

const HASH_CHARACTERS = 8;

/**
 * Name under which a model sees an MCP server's tool; providers take 64 of a few characters. A name that had to be
 * changed ends in a hash of the whole name, so that two tools never share one.
 */
export const mcpToolName = (tool: Pick<Tool, "name">, name: string): string => {
  const whole = `${tool.name}__${name}`;
  const plain = whole.replace(/[^a-zA-Z0-9_-]/g, "_");
  if (plain === whole && whole.length <= toolLimits.name) return whole;
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, HASH_CHARACTERS);
  return `${cutText(plain, toolLimits.name - HASH_CHARACTERS - 1)}_${digest}`;
};

const measured = (text: string) => ({
  bytes: Buffer.byteLength(text),
  sha256: createHash("sha256").update(text).digest("hex"),
});

/** Runs the tools of one agent run. Sessions with MCP servers are kept for the run and closed at its end. */
export const createToolRunner = (dependencies: ToolDependencies): ToolRunner => {
  const { outbound, compile_expression, open_secret, changed_tools, idempotency_key } = dependencies;
  type Opened = { headers: Record<string, string>; secrets: string[]; session?: McpSession };
  const opened = new Map<string, Promise<Opened>>();

  const open = async (tool: Tool): Promise<Opened> => {
    if (tool.tool_type === "function") return { headers: {}, secrets: [] };
    const { config } = tool;
    const secrets = await Promise.all(
      Object.entries(config.secret_headers).map(
        async ([name, secret]) => [name, await open_secret(secret, tool, name)] as const,
      ),
    );
    const again =
      tool.tool_type === "api" && idempotency_key !== undefined ? { "idempotency-key": idempotency_key } : {};
    const headers = { ...again, ...config.headers, ...Object.fromEntries(secrets) };
    const hidden = hiddenForms(secrets.map(([, value]) => value));
    if (tool.tool_type === "api") return { headers, secrets: hidden };
    const timeout_ms = tool.config.timeout_ms ?? toolLimits.default_timeout_ms;
    return {
      headers,
      secrets: hidden,
      session: mcpSession({ url: tool.config.server, headers, timeout_ms, outbound }),
    };
  };

  /** Opened once for each tool; a failure is not kept. */
  const access = (tool: Tool): Promise<Opened | ToolFailure> => {
    const known = opened.get(tool.id) ?? open(tool);
    opened.set(tool.id, known);
    return known.catch(() => {
      opened.delete(tool.id);
      return toolFailure("tool_secret_unavailable");
    });
  };

  const describe: ToolRunner["describe"] = async (tool, signal) => {
    if (tool.tool_type !== "mcp") {
      const { name, description, config } = tool;
      return { ok: true, tools: [{ name, description, parameters: config.parameters }], left_out: [] };
    }
    if (tool.config.tools.length === 0) return { ok: true, tools: [], left_out: [] };
    const at = await access(tool);
    if ("ok" in at) return at;
    const listed = (await at.session?.listTools(signal)) ?? toolFailure("tool_unavailable");
    if (!listed.ok) return redact(listed, at.secrets);
    const usable: ToolDescription[] = [];
    const left_out: LeftOut[] = [];
    const byName = new Map(listed.tools.map((one) => [one.name, one]));
    for (const name of new Set(tool.config.tools)) {
      const one = byName.get(name);
      if (one === undefined) left_out.push({ ...toolFailure("tool_not_found"), name });
      else if (one.parameters === undefined) {
        left_out.push({ ...toolFailure("tool_schema_invalid", `It ${cutText(one.problem ?? "", 300)}.`), name });
      } else {
        const description = cutText(one.description ?? tool.description, 2_000);
        usable.push({ name, description, parameters: one.parameters });
      }
    }
    const clean = redactNamed(usable, at.secrets);
    const changed = await changed_tools(tool, clean);
    const tools: ToolDescription[] = [];
    for (const one of clean) {
      if (changed.has(one.name)) left_out.push({ ...toolFailure("tool_changed"), name: one.name });
      else tools.push({ ...one, name: mcpToolName(tool, one.name) });
    }
    return { ok: true, tools, left_out: redactNamed(left_out, at.secrets) };
  };

  const run = async (tool: Tool, name: string, args: unknown, signal?: AbortSignal): Promise<ToolResult> => {
    if (signal?.aborted) return toolFailure("cancelled");
    if (tool.tool_type === "mcp") {
      const allowed = tool.config.tools.find((candidate) => mcpToolName(tool, candidate) === name);
      if (allowed === undefined) return toolFailure("tool_not_allowed");
      if (!isObject(args)) return toolFailure("tool_arguments_invalid", "They must be an object.");
      const at = await access(tool);
      if ("ok" in at) return at;
      // The server owns the schema of its tools and checks the arguments itself.
      const result = (await at.session?.callTool(allowed, args, signal)) ?? toolFailure("tool_unavailable");
      return redact(result, at.secrets);
    }
    if (name !== tool.name) return toolFailure("tool_not_found");
    const checked = await checkArguments(tool.config.parameters, args);
    if (!checked.ok) return checked;
    if (tool.tool_type === "api") {
      const at = await access(tool);
      if ("ok" in at) return at;
      return redact(await callApi(tool.config, checked.args, { outbound, headers: at.headers, signal }), at.secrets);
    }
    const compiled = compile_expression(tool.config.expression);
    const value = compiled.ok ? await compiled.evaluate(checked.args) : compiled;
    if (!value.ok) return toolFailure("tool_expression_failed", value.message);
    return { ok: true, output: value.value ?? null };
  };

  const resources: ToolRunner["resources"] = async (tool, signal) => {
    const wanted = tool.tool_type === "mcp" ? [...new Set(tool.config.resources)] : [];
    if (tool.tool_type !== "mcp" || wanted.length === 0) return { read: [], left_out: [] };
    const none = (failure: ToolFailure): ReadResources => ({
      read: [],
      left_out: wanted.map((name) => ({ ...failure, name })),
    });
    const at = await access(tool);
    if ("ok" in at) return none(at);
    const session = at.session;
    const listed = (await session?.listResources(signal)) ?? toolFailure("tool_unavailable");
    if (!listed.ok) return none(redact(listed, at.secrets));
    const left_out: LeftOut[] = [];
    const known = wanted.flatMap((uri) => {
      const one =
        listed.resources.find((listing) => listing.uri === uri) ??
        listed.templates.find(({ uri: template }) => isOfTemplate(template, uri));
      if (one === undefined)
        left_out.push({ ...toolFailure("tool_not_found", "Its server lists no such resource."), name: uri });
      return one === undefined ? [] : [{ uri, one }];
    });
    const changed = await changed_tools(
      tool,
      redactNamed(
        known.map(({ uri, one }) => ({
          name: pinName("resource", uri),
          description: [one.name, one.description].join("\n"),
          parameters: { uri: one.uri, mime_type: one.mime_type },
        })),
        at.secrets,
      ),
    );
    const read = await Promise.all(
      known.map(async ({ uri, one }): Promise<ReadResource | undefined> => {
        const answer = changed.has(pinName("resource", uri))
          ? toolFailure("tool_changed")
          : redact(
              (await session?.readResource(uri, one.mime_type, signal)) ?? toolFailure("tool_unavailable"),
              at.secrets,
            );
        if (answer.ok) {
          const { text, mime_type } = answer;
          return { uri, mime_type, text, ...measured(text) };
        }
        left_out.push({ ...answer, name: uri });
        return undefined;
      }),
    );
    return { read: read.filter((one) => one !== undefined), left_out: redactNamed(left_out, at.secrets) };
  };

  const prompt: ToolRunner["prompt"] = async (tool, name, args, signal) => {
    if (tool.tool_type !== "mcp" || tool.config.prompts?.includes(name) !== true)
      return toolFailure("tool_not_allowed", "It is not among the prompts that the agent may use.");
    const at = await access(tool);
    if ("ok" in at) return at;
    const { session } = at;
    const listed = (await session?.listPrompts(signal)) ?? toolFailure("tool_unavailable");
    if (!listed.ok) return redact(listed, at.secrets);
    const one = listed.prompts.find((listing) => listing.name === name);
    if (one === undefined) return toolFailure("tool_not_found", "Its server lists no such prompt.");
    const missing = one.arguments.find((argument) => argument.required && args[argument.name] === undefined);
    if (missing !== undefined) return toolFailure("tool_arguments_invalid", `${missing.name} is required.`);
    const unknown = Object.keys(args).find((given) => !one.arguments.some((argument) => argument.name === given));
    if (unknown !== undefined) return toolFailure("tool_arguments_invalid", `It takes no ${unknown}.`);
    const pin = pinName("prompt", name);
    const described = { name: pin, description: one.description, parameters: one.arguments };
    const changed = await changed_tools(tool, redactNamed([described], at.secrets));
    if (changed.has(pin)) return toolFailure("tool_changed");
    const filled = redact(
      (await session?.getPrompt(name, args, signal)) ?? toolFailure("tool_unavailable"),
      at.secrets,
    );
    return filled.ok ? { ...filled, ...measured(JSON.stringify(filled.messages)) } : filled;
  };

  const inspect: ToolRunner["inspect"] = async (tool, signal) => {
    const at = await access(tool);
    const session = "ok" in at ? undefined : at.session;
    const failure = "ok" in at ? at : toolFailure("tool_unavailable");
    const [tools, resources, prompts] = await Promise.all([
      session?.listTools(signal) ?? failure,
      session?.listResources(signal) ?? failure,
      session?.listPrompts(signal) ?? failure,
    ]);
    return redact({ tools, resources, prompts }, "ok" in at ? [] : at.secrets);
  };

  const execute: ToolRunner["execute"] = async (tool, name, args, signal, key = name) => {
    const result = await asCall(
      { operation: "execute_tool", name, key },
      () => run(tool, name, args, signal),
      (came) => (came.ok ? {} : { error: came.code }),
    );
    if (!result.ok || JSON.stringify(result.output).length <= toolLimits.output_bytes) return result;
    return toolFailure("tool_output_too_large");
  };

  const close = async () => {
    await Promise.allSettled([...opened.values()].map(async (at) => (await at).session?.close()));
    opened.clear();
  };

  return { describe, execute, resources, prompt, inspect, close };
};

/** One call of a tool that is its own run: opened, executed, closed. */
export const executeTool = async (
  tool: Tool,
  call: { name: string; arguments: unknown },
  dependencies: ToolDependencies,
  signal?: AbortSignal,
): Promise<ToolResult> => {
  const runner = createToolRunner(dependencies);
  try {
    return await runner.execute(tool, call.name, call.arguments, signal);
  } finally {
    await runner.close();
  }
};
