import * as z from "zod";
import { expressionText } from "../../../../../shared/expressions/mapping.ts";
import { configOf, defineKind } from "./kind.ts";

const strategies = ["vote", "average", "summarize"];

export const mergeStrategies = ["concat", "merge_json"] as const;

export const merge = defineKind({
  kind: "merge",
  summary: "Waits for all its inputs and makes one value of those that were taken, in the order of its connections.",
  pure: true,
  receives: "many",
  config: configOf({
    strategy: z
      .enum(mergeStrategies, {
        error: ({ input }) =>
          typeof input === "string" && strategies.includes(input)
            ? `strategy ${input} is not available yet; use ${mergeStrategies.join(" or ")}`
            : `must be ${mergeStrategies.join(" or ")}`,
      })
      .meta({ id: "MergeStrategy" })
      .default("concat"),
    separator: z.string().max(100).default("\n\n").meta({ description: "Between texts, for concat." }),
  }),
});

export const transform = defineKind({
  kind: "transform",
  summary: "Makes a value of its input by an expression.",
  pure: true,
  config: configOf({ expression: expressionText.optional() }),
  uses: ({ expression }) =>
    expression === undefined ? [] : [{ field: "expression", form: "expression", text: expression }],
  lacks: ({ expression }) => (expression === undefined ? ["Give its expression."] : []),
});
