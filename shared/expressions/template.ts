import { compileExpression, type Evaluation, type Expression, type ExpressionError } from "./expression.ts";
import type { Outline } from "./expression-outline.ts";
import { canonicalJson, type Json } from "./json.ts";

/** Text with `{{ expression }}` placeholders. An expression ends at the first `}}`: write `} }` where two braces must close inside one. */
export interface Template {
  readonly ok: true;
  /** Ids of the steps it reads. */
  readonly steps: readonly string[];
  /** What its placeholders need, each by itself. */
  readonly outlines: readonly Outline[];
  /** Fills the placeholders; `encode` is applied to each value, not to the text around it. Nothing found is an empty text. */
  render(scope: unknown, encode?: (text: string) => string): Promise<{ ok: true; value: string } | ExpressionError>;
}

/** Most placeholders in one text. */
const MAX_PLACEHOLDERS = 100;

/** A value as text: texts as they are, an answer of an agent by its text, anything else as JSON. */
export function asText(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object" && "text" in value && typeof value.text === "string") return value.text;
  return canonicalJson(value);
}

/** Compiles a text with placeholders. Errors are values. */
export function compileTemplate(text: string): Template | ExpressionError {
  const parts: (string | Expression)[] = [];
  let at = 0;
  let placeholders = 0;
  for (let open = text.indexOf("{{"); open !== -1; open = text.indexOf("{{", at)) {
    const close = text.indexOf("}}", open + 2);
    if (close === -1)
      return { ok: false, code: "expression_syntax", message: `the placeholder at character ${open} has no }}` };
    if (++placeholders > MAX_PLACEHOLDERS) {
      return {
        ok: false,
        code: "expression_too_large",
        message: `a text has at most ${MAX_PLACEHOLDERS} placeholders`,
      };
    }
    const expression = compileExpression(text.slice(open + 2, close));
    if (!expression.ok) return expression;
    parts.push(text.slice(at, open), expression);
    at = close + 2;
  }
  parts.push(text.slice(at));
  return {
    ok: true,
    steps: [...new Set(parts.flatMap((part) => (typeof part === "string" ? [] : part.steps)))].sort(),
    outlines: parts.flatMap((part) => (typeof part === "string" ? [] : [part.outline])),
    render: async (scope, encode = (value) => value) => {
      let result = "";
      for (const part of parts) {
        if (typeof part === "string") {
          result += part;
          continue;
        }
        const found: Evaluation = await part.evaluate(scope);
        if (!found.ok) return found;
        result += encode(asText(found.value));
      }
      return { ok: true, value: result };
    },
  };
}
