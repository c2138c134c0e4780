import { parseForeignJson } from "../../../shared/json.ts";
import type { Outbound } from "../../../shared/outbound/client.ts";
import { answerText, bareMediaType, isBinaryMediaType, isJsonMediaType } from "../../../shared/outbound/text.ts";
import type { StoredToolConfig } from "../../agents/tools/public.ts";
import { type Arguments, fillBody, fillEndpoint, toolLimits, unusedArguments } from "../../agents/tools/public.ts";
import { outboundFailure, statusFailure, type ToolResult, toolFailure } from "./rules/outcome.ts";

export type ApiConfig = Extract<StoredToolConfig, { tool_type: "api" }>["config"];

const withQuery = (url: string, rest: Arguments): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    query.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  const text = query.toString();
  return text === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${text}`;
};

/** JSON as its value, other text as text; a picture is named, not passed on. */
const parse = (bytes: Buffer, contentType: string): ToolResult => {
  if (isBinaryMediaType(contentType)) {
    return { ok: true, output: `[${bareMediaType(contentType)}, ${bytes.byteLength} bytes]` };
  }
  const body = answerText(bytes, contentType);
  if (!isJsonMediaType(contentType)) return { ok: true, output: body };
  try {
    return { ok: true, output: body === "" ? null : parseForeignJson(body) };
  } catch {
    return toolFailure("tool_output_invalid");
  }
};

/** Calls an API tool's endpoint. `headers` are the plain and the opened secret headers together. Never throws. */
export const callApi = async (
  config: ApiConfig,
  args: Arguments,
  access: {
    outbound: Pick<Outbound, "request">;
    headers: Readonly<Record<string, string>>;
    signal?: AbortSignal | undefined;
  },
): Promise<ToolResult> => {
  const filled = fillEndpoint(config.endpoint, args);
  if (!filled.ok) return toolFailure("tool_arguments_invalid", filled.message);
  const rest = unusedArguments(args, filled.used);
  const takesBody = config.method === "POST" || config.method === "PUT" || config.method === "PATCH";
  const body = config.body !== undefined ? fillBody(config.body, args) : takesBody ? rest : undefined;
  const url = config.body === undefined && !takesBody ? withQuery(filled.url, rest) : filled.url;
  const answer = await access.outbound.request({
    method: config.method,
    url,
    headers: {
      accept: "application/json, text/*;q=0.9, */*;q=0.5",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...Object.fromEntries(Object.entries(access.headers).map(([name, value]) => [name.toLowerCase(), value])),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    timeout_ms: config.timeout_ms ?? toolLimits.default_timeout_ms,
    max_bytes: toolLimits.output_bytes,
    ...(access.signal === undefined ? {} : { signal: access.signal }),
  });
  if (!answer.ok) return outboundFailure(answer.error.code);
  const type = answer.headers["content-type"] ?? "";
  if (answer.status >= 200 && answer.status <= 299) return parse(answer.body, type);
  return statusFailure(answer.status, isBinaryMediaType(type) ? "" : answerText(answer.body, type));
};
