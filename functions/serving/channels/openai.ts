import * as z from "zod";
import type { Problem } from "../../../shared/errors.ts";
import type { AgentRunResult } from "../../executions/public.ts";
import type { Question } from "../calls/run.ts";

/**
 * The protocol of OpenAI's chat completions, as its client libraries speak it: read tolerantly, since they send what they like, and refused
 * where something would be asked for that an agent does not do. Pure.
 */

const text = z.string().max(1_000_000);
const parts = z.array(z.looseObject({ type: z.string(), text: text.optional() })).max(1_000);
const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant"], {
    error: "must be `system`, `developer`, `user` or `assistant`: an agent calls its own tools",
  }),
  content: z.union([text, parts]),
});

export const chatRequest = z.looseObject({
  model: z.string().max(200),
  messages: z.array(message).min(1).max(2_000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  n: z.literal(1, { error: "must be 1: an agent answers once" }).nullish(),
  tools: z.array(z.unknown()).max(0, { error: "are not taken: an agent has tools of its own" }).nullish(),
  functions: z.array(z.unknown()).max(0, { error: "are not taken: an agent has tools of its own" }).nullish(),
});
export type ChatRequest = z.output<typeof chatRequest>;

/** What of a message is text; undefined where it has something else in it. */
function textOf({ content }: ChatRequest["messages"][number]): string | undefined {
  if (typeof content === "string") return content;
  if (content.some((part) => part.type !== "text" || part.text === undefined)) return undefined;
  return content.map((part) => part.text ?? "").join("\n");
}

/** A conversation as an agent is asked, or what is wrong with it. */
export function questionOf({
  messages,
  temperature,
}: ChatRequest): Question | { readonly path: string; readonly message: string } {
  const said: { readonly role: ChatRequest["messages"][number]["role"]; readonly content: string }[] = [];
  for (const [i, one] of messages.entries()) {
    const content = textOf(one);
    if (content === undefined) return { path: `messages.${i}.content`, message: "has parts that are no text" };
    said.push({ role: one.role, content });
  }
  const spoken = said.filter(({ role }) => role === "user" || role === "assistant");
  const last = spoken.pop();
  if (last?.role !== "user") return { path: "messages", message: "must end with a message of the user" };
  const instructions = said
    .filter(({ role }) => role === "system" || role === "developer")
    .map(({ content }) => content)
    .join("\n\n");
  return {
    input: last.content,
    history: spoken.map(({ role, content }) => ({ role: role === "user" ? "user" : "assistant", content })),
    ...(instructions === "" ? {} : { instructions }),
    ...(temperature === undefined || temperature === null ? {} : { temperature }),
  };
}

type Answered = Extract<AgentRunResult, { readonly ok: true }>;

const finishOf = ({ finish_reason }: Answered): "stop" | "length" => (finish_reason === "length" ? "length" : "stop");

export const usageOf = ({ usage: { tokens_in, tokens_out } }: AgentRunResult) => ({
  prompt_tokens: tokens_in,
  completion_tokens: tokens_out,
  total_tokens: tokens_in + tokens_out,
});

interface Of {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

/** A whole answer. */
export const completion = (of: Of, result: Answered) => ({
  ...of,
  id: `chatcmpl-${of.id}`,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: result.content, refusal: null },
      logprobs: null,
      finish_reason: finishOf(result),
    },
  ],
  usage: usageOf(result),
});

const chunk = (of: Of, delta: object, finish_reason: string | null) => ({
  ...of,
  id: `chatcmpl-${of.id}`,
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, logprobs: null, finish_reason }],
});

/** The pieces of a streamed answer. */
export const chunks = {
  first: (of: Of) => chunk(of, { role: "assistant", content: "" }, null),
  text: (of: Of, content: string) => chunk(of, { content }, null),
  last: (of: Of, result: Answered) => chunk(of, {}, finishOf(result)),
  usage: (of: Of, result: Answered) => ({ ...chunk(of, {}, null), choices: [], usage: usageOf(result) }),
};

/** An agent as a model of the list. */
export const modelOf = (id: string, created: number) => ({ id, object: "model", created, owned_by: "kaizen-studio" });

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  429: "rate_limit_error",
};

/** A refusal as OpenAI's clients read it. */
export function errorOf({ code, detail, status, options }: Problem, request_id: string) {
  const type = types[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
  return { error: { message: detail, type, param: options.issues?.[0]?.path ?? null, code, request_id } };
}
