import * as z from "zod";
import { expressionText } from "../../../../../shared/expressions/mapping.ts";
import { pathSchema } from "../../../../../shared/expressions/paths.ts";
import { graphLimits } from "../limits.ts";
import { configOf, defineKind } from "./kind.ts";

/** Strategies that take a model come with their own kind. */
const announced = ["summarize"];

export const mergeStrategies = ["concat", "merge_json", "vote", "average"] as const;
type MergeStrategy = (typeof mergeStrategies)[number];

/** Fields that only some strategies look at. */
const only: Readonly<Record<string, readonly MergeStrategy[]>> = {
  of: ["vote", "average"],
  quorum: ["vote", "average"],
  winner: ["vote"],
  ties: ["vote"],
};

const strategySchema = z
  .enum(mergeStrategies, {
    error: ({ input }) =>
      typeof input === "string" && announced.includes(input)
        ? `strategy ${input} is not available yet; use one of ${mergeStrategies.join(", ")}`
        : `must be one of ${mergeStrategies.join(", ")}`,
  })
  .meta({
    id: "MergeStrategy",
    description:
      "`concat`: one text, or one list. `merge_json`: one object, the later input winning. `vote`: {choice, votes, ballots, tally}. `average`: the mean of numbers, or of each member of objects of numbers.",
  });
const winnerSchema = z.enum(["plurality", "majority"]).meta({
  id: "VoteWinner",
  description:
    "Who wins a vote: the most votes (`plurality`, the usual), or more than half of the ballots (`majority`; else the step fails, `no_majority`).",
});
const tiesSchema = z.enum(["first", "fail"]).meta({
  id: "VoteTies",
  description:
    "Among equals the one that was first in the order of connections (`first`, the usual), or a failure (`tie`).",
});
const ofSchema = pathSchema(() => undefined).meta({
  description:
    "Where in each input the ballot or the number stands, such as `object.verdict`; an input without one abstains. Left out, it is the input itself, of an agent its text for a vote and its object, else its text, for an average.",
  example: "object.verdict",
});

const joining = (usual: MergeStrategy) =>
  configOf({
    strategy: strategySchema.default(usual),
    separator: z.string().max(100).default("\n\n").meta({ description: "Between texts, for concat." }),
    of: ofSchema.optional(),
    quorum: z
      .int()
      .min(1)
      .max(graphLimits.nodes)
      .optional()
      .meta({ description: "So many inputs must vote, or bring a number; fewer fail the step (`no_quorum`)." }),
    winner: winnerSchema.optional(),
    ties: tiesSchema.optional(),
  }).check((context) => {
    const config: Readonly<Record<string, unknown>> = context.value;
    for (const [field, strategies] of Object.entries(only)) {
      if (config[field] === undefined || strategies.some((strategy) => strategy === config.strategy)) continue;
      const message = `is used only under strategy ${strategies.join(" or ")}`;
      context.issues.push({ code: "custom", input: config[field], path: [field], message });
    }
  });

const waits = "Waits for all its inputs and makes one value of those that were taken, in the order of its connections.";

export const merge = defineKind({
  kind: "merge",
  summary: waits,
  pure: true,
  receives: "many",
  config: joining("concat"),
});

export const synthesizer = defineKind({
  kind: "synthesizer",
  summary: `${waits} Like merge, and votes unless told otherwise.`,
  pure: true,
  receives: "many",
  config: joining("vote"),
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
