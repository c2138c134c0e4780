import { trusted } from "../../../shared/bounded/trusted.ts";
import type { ToolSnapshot } from "../../agents/public.ts";
import { storedToolConfig, type Tool } from "../../agents/tools/public.ts";
import type { ChatMessage } from "../../models/public.ts";
import { type ToolFailure, toolFailure } from "../tools/rules/outcome.ts";
import type { ReadResource, ToolRunner } from "../tools/runner.ts";
import type { UnavailableTool } from "./offer.ts";
import type { PromptChoice } from "./rules/choice.ts";
import { MOST_RESOURCES, RESOURCE_BYTES } from "./rules/limits.ts";
import type { UsedPrompt } from "./rules/material.ts";

/** A snapshot's tool as it is run; undefined for one that is switched off, or cannot be read. */
export function activeTool({ is_enabled, id, name, description, tool_type, config }: ToolSnapshot): Tool | undefined {
  const stored = is_enabled ? trusted(() => storedToolConfig.safeParse({ tool_type, config })) : undefined;
  return stored?.success ? { ...stored.data, id, name, description } : undefined;
}

/** A resource with the server that has it. */
export type LoadedResource = ReadResource & { readonly tool_id: string };

/** What could be read, and what was left out. */
export interface ReadMaterial {
  readonly resources: readonly LoadedResource[];
  readonly unavailable: readonly UnavailableTool[];
}

/** What is asked for of each server: as many as an execution is given, in the order of the agent's tools. */
function askedOf(snapshots: readonly ToolSnapshot[]) {
  let places: number = MOST_RESOURCES;
  return snapshots.flatMap((snapshot) => {
    const tool = snapshot.tool_type === "mcp" ? activeTool(snapshot) : undefined;
    if (tool?.tool_type !== "mcp") return [];
    const { resources: wanted = [] } = tool.config;
    const over = wanted.slice(places);
    places -= wanted.length - over.length;
    if (over.length === 0) return [{ tool, over }];
    return [{ tool: { ...tool, config: { ...tool.config, resources: wanted.slice(0, -over.length) } }, over }];
  });
}

/** Whether an agent is given resources at all. */
export const hasResources = (snapshots: readonly ToolSnapshot[]): boolean =>
  askedOf(snapshots).some(({ tool }) => (tool.config.resources ?? []).length > 0);

/**
 * Reads what the agent is given of its MCP servers. Which resources is the choice of who made the agent: the model can ask for
 * no other. One that cannot be read, or is beyond what an execution is given, is left out, and named.
 */
export async function readResources(
  runner: Pick<ToolRunner, "resources">,
  snapshots: readonly ToolSnapshot[],
  signal: AbortSignal | undefined,
): Promise<ReadMaterial> {
  const answers = await Promise.all(
    askedOf(snapshots).map(async ({ tool, over }) => ({ tool, over, ...(await runner.resources(tool, signal)) })),
  );
  let room = RESOURCE_BYTES;
  const resources: LoadedResource[] = [];
  const unavailable: UnavailableTool[] = [];
  for (const { tool, over, read, left_out } of answers) {
    const without = (name: string, { code, message }: Pick<ToolFailure, "code" | "message">) =>
      unavailable.push({ tool_id: tool.id, name: `${tool.name}: ${name}`, code, message });
    for (const left of left_out) without(left.name, left);
    for (const uri of over) without(uri, toolFailure("resource_limit"));
    for (const one of read) {
      if (one.bytes > room) without(one.uri, toolFailure("resource_limit"));
      else {
        room -= one.bytes;
        resources.push({ ...one, tool_id: tool.id });
      }
    }
  }
  return { resources, unavailable };
}

export interface Prompted {
  readonly ok: true;
  /** What comes before the message. */
  readonly before: readonly ChatMessage[];
  readonly input: string;
  readonly used: UsedPrompt;
}

/** The messages of a prompt, and the last one of them as the message where the caller says none. */
export async function askedWith(
  runner: ToolRunner,
  snapshots: readonly ToolSnapshot[],
  choice: PromptChoice,
  input: string,
  signal: AbortSignal | undefined,
): Promise<Prompted | ToolFailure> {
  const snapshot = snapshots.find(({ name, tool_type }) => name === choice.tool && tool_type === "mcp");
  const tool = snapshot === undefined ? undefined : activeTool(snapshot);
  if (tool === undefined) return toolFailure("tool_not_found", `The agent has no MCP server ${choice.tool}.`);
  const filled = await runner.prompt(tool, choice.name, choice.arguments, signal);
  if (!filled.ok) return filled;
  const { messages, bytes, sha256 } = filled;
  const used = { tool_id: tool.id, name: choice.name, messages: messages.length, bytes, sha256 };
  if (input !== "") return { ok: true, before: messages, input, used };
  const last = messages.at(-1);
  if (last?.role !== "user")
    return toolFailure("tool_output_invalid", "The prompt ends with an answer: say a message, too.");
  return { ok: true, before: messages.slice(0, -1), input: last.content, used };
}
