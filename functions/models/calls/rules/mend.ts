import { isCount } from "./counts.ts";

/**
 * Servers that call themselves compatible answer with what the library's strict schemas do not take. What is plain is
 * mended before the library reads it, so that one bad member does not take a good answer away.
 */

type Members = Record<string, unknown>;

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Members that count a call's tokens, by provider. */
const COUNTS = new Set([
  "prompt_tokens",
  "completion_tokens",
  "input_tokens",
  "output_tokens",
  "promptTokenCount",
  "candidatesTokenCount",
]);
/** Stands for a count that cannot be believed: a number, as schemas want, that is no count and is therefore estimated. */
export const NO_COUNT = -1;

function mendUsage(usage: Members): void {
  for (const [name, value] of Object.entries(usage)) {
    if (COUNTS.has(name)) usage[name] = isCount(value) ? value : NO_COUNT;
    else if (isObject(value)) mendUsage(value);
    else if (/token/i.test(name) && !isCount(value)) delete usage[name];
  }
  // The library takes a count that is not there for none at all.
  if ("prompt_tokens" in usage || "completion_tokens" in usage || "total_tokens" in usage) {
    usage.prompt_tokens ??= NO_COUNT;
    usage.completion_tokens ??= NO_COUNT;
  }
}

function mendUsageIn(holder: Members, name: string): void {
  if (!(name in holder)) return;
  if (isObject(holder[name])) mendUsage(holder[name]);
  else delete holder[name];
}

function mendToolCalls(message: Members): void {
  if (!Array.isArray(message.tool_calls)) {
    delete message.tool_calls;
    return;
  }
  message.tool_calls = message.tool_calls.filter((call: unknown) => isObject(call) && isObject(call.function));
  for (const call of message.tool_calls as { id?: unknown; function: Members }[]) {
    if (typeof call.id === "number") call.id = String(call.id);
    const { arguments: args } = call.function;
    if (isObject(args)) call.function.arguments = JSON.stringify(args);
  }
}

/** One answer, or one event of a stream, mended in place. Not for what the library reads well by itself. */
export function mendAnswer(answer: unknown): void {
  if (!isObject(answer)) return;
  mendUsageIn(answer, "usage");
  mendUsageIn(answer, "usageMetadata");
  if (isObject(answer.message)) mendUsageIn(answer.message, "usage");
  if (!Array.isArray(answer.choices)) return;
  if (typeof answer.id === "number") answer.id = String(answer.id);
  if (typeof answer.created !== "number") delete answer.created;
  answer.choices = answer.choices.filter(isObject);
  for (const choice of answer.choices as Members[]) {
    // A gateway whose provider has died in the middle says so inside the choice.
    if (choice.error !== undefined && choice.error !== null) choice.finish_reason = "error";
    for (const message of [choice.message, choice.delta]) if (isObject(message)) mendToolCalls(message);
  }
}
