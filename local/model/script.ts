import type { ChatMessage, ChatReply, ChatRequest, ChatTool, ToolCall } from "./chat.ts";
import { textOf } from "./chat.ts";
import { parseDirectives } from "./directives.ts";
import { sampleFor } from "./sample.ts";
import { countTokens, keywords, overlap, pieces } from "./words.ts";

/** How much of the user's message and of the context an answer repeats. */
const summaryWords = 40;
const maxFacts = 3;

/**
 * What the scripted model answers: a pure function of the request, so that a run can be checked word by word.
 * In this order: the text that a `[[say:…]]` asks for; the tools that the conversation calls for; one label of a
 * classification; a JSON value of the wanted schema; else a summary of the message with the facts from the context
 * that bear on it. Tokens are counted by `countTokens` over all message texts (directives
 * included) and tool arguments.
 */
export function answer(request: ChatRequest): ChatReply {
  const { text: question, directives } = parseDirectives(lastUserText(request.messages));
  const calls = directives.say === undefined ? toolCalls(request, question) : [];
  const full = calls.length > 0 ? "" : (directives.say ?? say(request, question));
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY;
  const tokens = pieces(full);
  const cut = tokens.length > limit;
  const text = cut ? tokens.slice(0, limit).join("").trimEnd() : full;
  const counted = countTokens(text) + calls.reduce((sum, call) => sum + countTokens(call.function.arguments), 0);
  const prompt = directives.tokens?.in ?? promptTokens(request.messages);
  const completion = directives.tokens?.out ?? counted;
  return {
    text,
    tool_calls: calls,
    finish_reason: calls.length > 0 ? "tool_calls" : cut ? "length" : "stop",
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  };
}

/** The newest user message: the one whose directives and words count. */
export function lastUserText(messages: ChatMessage[]): string {
  return textOf(messages.findLast((message) => message.role === "user"));
}

function promptTokens(messages: ChatMessage[]): number {
  return messages.reduce((sum, message) => {
    const calls = message.tool_calls ?? [];
    return sum + countTokens(textOf(message)) + calls.reduce((n, call) => n + countTokens(call.function.arguments), 0);
  }, 0);
}

function say(request: ChatRequest, question: string): string {
  const { messages, response_format } = request;
  const results = toolResults(messages);
  const source = results.length > 0 ? results.map((result) => result.content).join(" ") : question;
  if (response_format?.type === "json_schema") {
    return JSON.stringify(sampleFor(response_format.json_schema?.schema ?? {}, source));
  }
  const context = messages.filter((message) => message.role === "system" || message.role === "developer").map(textOf);
  const label = classify(context.join("\n"), question);
  if (label !== undefined) return label;
  const spoken =
    results.length > 0
      ? results.map((result) => `${result.name} answered: ${result.content}`).join("\n")
      : summarize(context.join("\n"), question);
  return response_format?.type === "json_object" ? JSON.stringify({ answer: spoken }) : spoken;
}

/** The message in short, and the lines of the context that share most words with it. */
function summarize(context: string, question: string): string {
  const words = question.split(/\s+/).filter(Boolean);
  const summary = words.length > summaryWords ? `${words.slice(0, summaryWords).join(" ")} …` : words.join(" ");
  const asked = keywords(question);
  const facts = context
    .split(/\n+|(?<=[.!?])\s+/)
    .map((fact) => fact.trim())
    .filter(Boolean)
    .map((fact) => ({ fact, score: overlap(keywords(fact), asked) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, maxFacts)
    .map(({ fact }) => fact);
  if (facts.length === 0) return `You said: ${summary}`;
  return `You said: ${summary}\nWhat I know about it: ${facts.join(" ")}`;
}

const classification = /\b(?:answer|respond|reply) with exactly one of:\s*([^\n]+)/i;

/**
 * The label of "Answer with exactly one of: a, b, c" that shares most words with the message, a line "label: …" of the
 * prompt counting for its label; the first label when none shares any. Undefined for another kind of prompt.
 */
function classify(context: string, question: string): string | undefined {
  const prompt = `${context}\n${question}`;
  const list = classification.exec(prompt)?.[1];
  if (list === undefined) return undefined;
  const labels = list
    .split(",")
    .map((label) => label.trim().replace(/^["'`]|["'`.]+$/g, ""))
    .filter(Boolean);
  const lines = prompt.split("\n");
  const message = question.split("\n").filter((line) => !classification.test(line) && !labels.some(describes(line)));
  const asked = keywords(message.join("\n"));
  const scores = labels.map((label) => {
    const described = [label.replaceAll(/[_-]/g, " "), ...lines.filter((line) => describes(line)(label))].join(" ");
    return overlap(keywords(described), asked);
  });
  return labels[scores.indexOf(Math.max(...scores))];
}

/** Whether a line of the prompt describes the label: "- label: words". */
function describes(line: string): (label: string) => boolean {
  const start = line.trim().replace(/^[-*\d.)\s"'`]+/, "");
  return (label) => start.startsWith(label) && /^["'`]?\s*[:(–-]/.test(start.slice(label.length));
}

/** The tool messages after the newest user message, with the names of the tools that gave them. */
function toolResults(messages: ChatMessage[]): { name: string; content: string }[] {
  const turn = currentTurn(messages);
  const names = new Map(
    turn.flatMap((message) => message.tool_calls ?? []).map((call) => [call.id, call.function.name]),
  );
  return turn
    .filter((message) => message.role === "tool")
    .map((message) => ({ name: names.get(message.tool_call_id ?? "") ?? "The tool", content: textOf(message) }));
}

function currentTurn(messages: ChatMessage[]): ChatMessage[] {
  return messages.slice(messages.findLastIndex((message) => message.role === "user") + 1);
}

/**
 * The tools to call now: all those that the message names, else the one whose description shares most words with it;
 * each at most once in a turn. `tool_choice` forces or forbids.
 */
function toolCalls(request: ChatRequest, question: string): ToolCall[] {
  const { messages, tools = [], tool_choice: choice } = request;
  if (choice === "none") return [];
  const called = new Set(
    currentTurn(messages)
      .flatMap((m) => m.tool_calls ?? [])
      .map((call) => call.function.name),
  );
  if (called.size > 0) return [];
  const wanted =
    typeof choice === "object"
      ? tools.filter((tool) => tool.function.name === choice.function.name)
      : wantedTools(tools, question);
  const chosen = wanted.length === 0 && choice === "required" ? tools.slice(0, 1) : wanted;
  return chosen.map((tool) => ({
    id: `call_${messages.length}_${tool.function.name}`,
    type: "function" as const,
    function: { name: tool.function.name, arguments: JSON.stringify(argumentsFor(tool, question)) },
  }));
}

function argumentsFor(tool: ChatTool, question: string): unknown {
  return tool.function.parameters === undefined ? {} : sampleFor(tool.function.parameters, question);
}

function wantedTools(tools: ChatTool[], question: string): ChatTool[] {
  const lower = question.toLowerCase();
  const asked = keywords(question);
  const named = tools.filter(({ function: { name } }) => {
    const words = keywords(name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").replaceAll(/[_-]/g, " "));
    return lower.includes(name.toLowerCase()) || (words.size > 0 && words.isSubsetOf(asked));
  });
  if (named.length > 0) return named;
  const scores = tools.map((tool) => overlap(keywords(tool.function.description ?? ""), asked));
  const best = Math.max(0, ...scores);
  const index = scores.indexOf(best);
  const tool = tools[index];
  return best > 0 && tool !== undefined ? [tool] : [];
}
