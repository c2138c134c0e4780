import * as z from "zod";
import { expressionLimits } from "../../../../../shared/expressions/expression-runtime.ts";
import { expressionText } from "../../../../../shared/expressions/mapping.ts";
import { pathSchema } from "../../../../../shared/expressions/paths.ts";
import { graphLimits } from "../limits.ts";
import { answer, averaged, concatenated, mergedObject, number, voted } from "../types/joined.ts";
import { ANY, ofType, union } from "../types/shape.ts";
import { FREE, oneAgent } from "./cost.ts";
import { agentFields, always, configOf, defineKind, type Known, type Use } from "./kind.ts";

export const mergeStrategies = ["concat", "merge_json", "vote", "average", "summarize"] as const;
type MergeStrategy = (typeof mergeStrategies)[number];

/** Fields that only some strategies look at. */
const only: Readonly<Record<string, readonly MergeStrategy[]>> = {
  of: ["vote", "average"],
  quorum: ["vote", "average", "summarize"],
  winner: ["vote"],
  ties: ["vote"],
  agent_id: ["summarize"],
  version: ["summarize"],
};

const strategySchema = z.enum(mergeStrategies, { error: `must be one of ${mergeStrategies.join(", ")}` }).meta({
  id: "MergeStrategy",
  description:
    "`concat`: one text, or one list. `merge_json`: one object, the later input winning. `vote`: {choice, votes, ballots, tally}. `average`: the mean of numbers, or of each member of objects of numbers. `summarize`: what an agent makes of all of them, each under the id of its node.",
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

const SEPARATOR = 100;

const joining = (usual: MergeStrategy) =>
  configOf(() => ({
    strategy: strategySchema.default(usual),
    separator: z.string().max(SEPARATOR).default("\n\n").meta({ description: "Between texts, for concat." }),
    of: ofSchema.optional(),
    quorum: z.int().min(1).max(graphLimits.nodes).optional().meta({
      description:
        "So many inputs must vote, bring a number or be there to summarize; fewer fail the step (`no_quorum`).",
    }),
    winner: winnerSchema.optional(),
    ties: tiesSchema.optional(),
    ...agentFields,
  })).check((context) => {
    const config: Readonly<Record<string, unknown>> = context.value;
    for (const [field, strategies] of Object.entries(only)) {
      if (config[field] === undefined || strategies.some((strategy) => strategy === config.strategy)) continue;
      const message = `is used only under strategy ${new Intl.ListFormat("en", { type: "disjunction" }).format(strategies)}`;
      context.issues.push({ code: "custom", input: config[field], path: [field], message });
    }
  });

/** What a mean can be made of: numbers, texts of numbers, objects and answers; null abstains. */
const countable = union([...number, ofType("string"), ofType("object"), ofType("null")]);

const joins = (usual: MergeStrategy) => {
  const config = joining(usual);
  type Config = z.output<typeof config>;
  return {
    config,
    receives: "many",
    pure: ({ strategy }: Config) => strategy !== "summarize",
    ...oneAgent(
      "What its agent costs, once an attempt, under strategy summarize; nothing under the others.",
      ({ strategy, agent_id, version }: Config) => (strategy === "summarize" ? { agent_id, version } : undefined),
    ),
    emits: ({ strategy }: Config, { inputs, object }: Known) => {
      switch (strategy) {
        case "concat":
          return concatenated(inputs);
        case "merge_json":
          return mergedObject(inputs);
        case "vote":
          return voted;
        case "average":
          return averaged;
        case "summarize":
          return answer(object);
      }
    },
    accepts: ({ strategy, of }: Config) => (strategy === "average" && of === undefined ? countable : ANY),
    uses: ({ of }: Config): readonly Use[] => (of === undefined ? [] : [{ field: "of", form: "member", path: of }]),
    limits: { separator_characters: SEPARATOR, comfortable_inputs: graphLimits.comfortable_fan_in },
  } as const;
};

const waits = "Waits for all its inputs and makes one value of those that were taken, in the order of its connections.";

export const merge = defineKind({
  kind: "merge",
  group: "values",
  icon: "merge",
  example: { strategy: "merge_json" },
  summary: waits,
  ...joins("concat"),
});

export const synthesizer = defineKind({
  kind: "synthesizer",
  group: "values",
  icon: "combine",
  example: { strategy: "vote", of: "object.verdict", winner: "majority" },
  summary: `${waits} Like merge, and votes unless told otherwise.`,
  ...joins("vote"),
});

export const transform = defineKind({
  kind: "transform",
  group: "values",
  icon: "square-function",
  example: { expression: '{"total": $sum(input.items.price)}' },
  summary: "Makes a value of its input by an expression.",
  pure: always,
  emits: ({ expression }, { mapped }) => (expression === undefined ? ANY : mapped(expression)),
  cost: FREE,
  limits: { expression_characters: expressionLimits.text },
  config: configOf(() => ({ expression: expressionText.optional() })),
  uses: ({ expression }) =>
    expression === undefined ? [] : [{ field: "expression", form: "expression", text: expression }],
  lacks: ({ expression }) => (expression === undefined ? ["Give its expression."] : []),
});
