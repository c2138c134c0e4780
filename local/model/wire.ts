import type { ChatReply } from "./chat.ts";
import { pieces } from "./words.ts";

export interface ReplyIdentity {
  id: string;
  /** Seconds since 1970. */
  created: number;
  model: string;
}

/** The body of an answer that does not stream. */
export function completionOf(identity: ReplyIdentity, reply: ChatReply): object {
  const message = {
    role: "assistant",
    content: reply.tool_calls.length > 0 ? null : reply.text,
    ...(reply.tool_calls.length > 0 ? { tool_calls: reply.tool_calls } : {}),
  };
  const choice = { index: 0, message, finish_reason: reply.finish_reason, logprobs: null };
  return { ...identity, object: "chat.completion", choices: [choice], usage: reply.usage };
}

/** The events of a streamed answer, one token each; the last carries the usage when the request asked for it. */
export function chunksOf(identity: ReplyIdentity, reply: ChatReply, includeUsage: boolean): object[] {
  const chunk = (delta: object, finish: string | null = null) => ({
    ...identity,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
    ...(includeUsage ? { usage: null } : {}),
  });
  const calls = reply.tool_calls.flatMap((call, index) => [
    chunk({
      tool_calls: [{ index, id: call.id, type: call.type, function: { name: call.function.name, arguments: "" } }],
    }),
    ...pieces(call.function.arguments).map((piece) =>
      chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
    ),
  ]);
  const usage = { ...identity, object: "chat.completion.chunk", choices: [], usage: reply.usage };
  return [
    chunk({ role: "assistant", content: "" }),
    ...pieces(reply.text).map((content) => chunk({ content })),
    ...calls,
    chunk({}, reply.finish_reason),
    ...(includeUsage ? [usage] : []),
  ];
}
