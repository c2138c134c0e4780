import { parseForeignJson } from "../../../../shared/json.ts";
import { compileSchema } from "../../../../shared/json-schema/schema.ts";
import { cutText } from "../../../../shared/text.ts";

/** A code fence around the whole text, which some models add. */
const unfenced = (text: string): string => text.trim().replace(/^```(?:json)?\s*\n?([\s\S]*?)\n?```$/i, "$1");

/**
 * The text without a leading block of reasoning: servers without a parser for it leave `<think>…</think>` in front of the
 * answer, some without the opening tag, which their prompt template has given away.
 */
const withoutThinking = (text: string): string | undefined => {
  const end = /^\s*(?:<(think|thinking|reasoning)>[\s\S]*?<\/\1>|(?:(?!<think)[\s\S])*?<\/think>)/i.exec(text);
  return end === null ? undefined : text.slice(end[0].length);
};

const PROBLEM_CHARACTERS = 2_000;

/** The answer as JSON that matches the schema: the whole text first, then without what models put around it. */
export async function answerObject(
  text: string,
  schema: unknown,
): Promise<{ readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string }> {
  const compiled = compileSchema(schema);
  if (!compiled.ok) return { ok: false, problem: "" };
  let problem = "It is no JSON.";
  for (const candidate of [text, withoutThinking(text)]) {
    if (candidate === undefined) continue;
    try {
      const value = parseForeignJson(unfenced(candidate));
      const issues = await compiled.validate(value);
      if (issues.length === 0) return { ok: true, value };
      problem = issues.map(({ path, message }) => `${path || "(all)"}: ${message}`).join("\n");
    } catch {
      // no JSON: the next way of reading it
    }
  }
  return { ok: false, problem: cutText(problem, PROBLEM_CHARACTERS) };
}

/** What a model is told of an answer that does not match, so that it mends it. */
export const askToMend = (problem: string): string =>
  `That answer does not match the JSON Schema that was asked for:\n${problem}\n\nGive the same answer again, only as JSON that matches it, without any text around it.`;
