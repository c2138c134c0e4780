import { parseForeignJson } from "../../../../shared/json.ts";
import { compileSchema } from "../../../../shared/json-schema/schema.ts";

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

/** The answer as JSON that matches the schema: the whole text first, then without what models put around it. */
export async function answerObject(
  text: string,
  schema: unknown,
): Promise<{ readonly ok: true; readonly value: unknown } | { readonly ok: false }> {
  const compiled = compileSchema(schema);
  if (!compiled.ok) return { ok: false };
  for (const candidate of [text, withoutThinking(text)]) {
    if (candidate === undefined) continue;
    try {
      const value = parseForeignJson(unfenced(candidate));
      if ((await compiled.validate(value)).length === 0) return { ok: true, value };
    } catch {
      // no JSON: the next way of reading it
    }
  }
  return { ok: false };
}
