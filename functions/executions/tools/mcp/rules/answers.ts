import { isObject } from "../../../../../shared/expressions/json.ts";
import { cutText } from "../../../../../shared/text.ts";
import { mendToolSchema } from "./schema.ts";

/** What an MCP server answers, read tolerantly: null is absent, and one bad entry never takes the others away. Pure. */

type Members = Readonly<Record<string, unknown>>;

/** A tool as its server lists it. */
export interface McpTool {
  readonly name: string;
  readonly description: string | undefined;
  /** A JSON Schema of an object; undefined when the server's can't be used. */
  readonly parameters: Members | undefined;
  /** Why it can't. */
  readonly problem?: string;
}

const MOST_NAME = 128;

/** A text that is there. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** One page of `tools/list`; undefined when it is none. */
export function toolPage(
  result: Members,
): { readonly entries: McpTool[]; readonly next: string | undefined } | undefined {
  const { tools, nextCursor } = result;
  if (!Array.isArray(tools)) return undefined;
  const listed = tools.flatMap((entry: unknown): McpTool[] => {
    const name = isObject(entry) ? textOf(entry.name) : undefined;
    // A tool without a name can't be allowed, so nobody misses it.
    if (!isObject(entry) || name === undefined || name.length > MOST_NAME) return [];
    const mended = mendToolSchema(entry.inputSchema);
    const description = textOf(entry.description);
    return [
      mended.ok
        ? { name, description, parameters: mended.schema }
        : { name, description, parameters: undefined, problem: mended.reason },
    ];
  });
  return { entries: listed, next: textOf(nextCursor) };
}

/** One part of an answer as a model can read it; bytes are named, not passed on. */
export function partText(part: unknown): string {
  if (!isObject(part)) return "";
  const { type } = part;
  if (type === "text") return typeof part.text === "string" ? part.text : "";
  if (type === "resource_link") return [textOf(part.name), textOf(part.uri)].filter(Boolean).join(": ");
  if (type === "resource" && isObject(part.resource)) {
    const uri = textOf(part.resource.uri) ?? "";
    return typeof part.resource.text === "string" ? `${uri}\n${part.resource.text}`.trim() : `[resource ${uri}]`;
  }
  return `[${cutText(textOf(type) ?? "unknown", 50)}]`;
}

export interface McpAnswer {
  readonly failed: boolean;
  readonly output: unknown;
}

/** What `tools/call` came to. A structured value is the answer; embedded resources go beside it, since it does not hold them. */
export function callAnswer(result: Members): McpAnswer {
  const content: readonly unknown[] = Array.isArray(result.content) ? result.content : [];
  const text = content.map(partText).join("\n");
  const failed = result.isError === true;
  if (!isObject(result.structuredContent)) return { failed, output: text };
  const resources = content.some((part) => isObject(part) && String(part.type).startsWith("resource"));
  return { failed, output: resources ? { result: result.structuredContent, content: text } : result.structuredContent };
}
