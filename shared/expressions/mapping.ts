import * as z from "zod";
import { compileExpression, type Evaluation, type Expression, type ExpressionError } from "./expression.ts";
import { expressionLimits } from "./expression-runtime.ts";
import { type JsonObject, setOwn } from "./json.ts";

/** The text of an expression. Whether it is JSONata is told by `compileExpression`. */
export const expressionText = z.string().min(1).max(expressionLimits.text).meta({ description: "JSONata expression" });

/** Most fields of a mapping. */
export const MAPPING_FIELDS = 100;

/** One expression that makes the whole value, or an object of field → expression. */
export const mappingSchema = z.union([
  expressionText,
  z
    .record(z.string().min(1).max(128), expressionText)
    .refine((fields) => Object.keys(fields).length <= MAPPING_FIELDS, `must have at most ${MAPPING_FIELDS} fields`),
]);
export type Mapping = z.output<typeof mappingSchema>;

export interface CompiledMapping {
  readonly ok: true;
  /** Ids of the steps it reads. */
  readonly steps: readonly string[];
  /** The mapped value. A field whose expression finds nothing is left out; the first error is the answer. */
  apply(scope: unknown): Promise<Evaluation>;
}

/** Compiles a mapping. Errors are values and name the field. */
export function compileMapping(mapping: Mapping): CompiledMapping | ExpressionError {
  if (typeof mapping === "string") {
    const expression = compileExpression(mapping);
    return expression.ok
      ? { ok: true, steps: expression.steps, apply: (scope) => expression.evaluate(scope) }
      : expression;
  }
  const fields: [string, Expression][] = [];
  for (const [name, text] of Object.entries(mapping)) {
    const expression = compileExpression(text);
    if (!expression.ok) return inField(name, expression);
    fields.push([name, expression]);
  }
  return {
    ok: true,
    steps: [...new Set(fields.flatMap(([, expression]) => expression.steps))].sort(),
    apply: async (scope) => {
      const result: JsonObject = {};
      for (const [name, expression] of fields) {
        const found = await expression.evaluate(scope);
        if (!found.ok) return inField(name, found);
        if (found.value !== undefined) setOwn(result, name, found.value);
      }
      return { ok: true, value: result };
    },
  };
}

const inField = (name: string, error: ExpressionError): ExpressionError => ({
  ...error,
  message: `${name}: ${error.message}`,
});
