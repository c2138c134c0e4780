import * as z from "zod";
import { conditionSchema } from "../../../../../shared/expressions/condition.ts";
import { expressionText, mappingSchema } from "../../../../../shared/expressions/mapping.ts";
import { graphLimits } from "../limits.ts";
import { ANY, ofType } from "../types/shape.ts";
import type { CostBound } from "./cost.ts";
import { configOf, defineKind, never, type Reference, type Use, usesOfMapping } from "./kind.ts";

/** Stands for a pipeline of the organization in examples. */
const EXAMPLE_PIPELINE = "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

/** Which pipeline a node runs. */
const pipelineFields = {
  pipeline_id: z.string().min(1).max(64).optional(),
  revision: z.int().min(1).optional().meta({ description: "Else the revision that is active when the run starts." }),
  timeout_seconds: z
    .int()
    .min(1)
    .max(graphLimits.wait_seconds)
    .optional()
    .meta({ description: "Of each run of it; never longer than the run that it belongs to." }),
};

interface Called {
  readonly pipeline_id?: string | undefined;
  readonly revision?: number | undefined;
}

const references = ({ pipeline_id, revision }: Called): readonly Reference[] =>
  pipeline_id === undefined
    ? []
    : [
        {
          type: "pipeline",
          id: pipeline_id,
          path: ["pipeline_id"],
          ...(revision === undefined ? {} : { pin: { number: revision, path: ["revision"] } }),
        },
      ];

const lacks = ({ pipeline_id }: Called): readonly string[] =>
  pipeline_id === undefined ? ["Say which pipeline it runs."] : [];

/** The runs of the pipeline are what is paid for. */
const costOf = <const T extends object>(words: string, times: (config: T) => number): CostBound<Called & T> => ({
  words,
  usual_timeout_ms: null,
  paid: (config) => [
    { type: "pipeline", pipeline_id: config.pipeline_id, revision: config.revision, times: times(config) },
  ],
});

export const subPipeline = defineKind({
  kind: "sub_pipeline",
  group: "flow",
  icon: "workflow",
  example: { pipeline_id: EXAMPLE_PIPELINE, input_mapping: { text: "input.text" } },
  summary:
    "Runs another pipeline as a run of its own and emits its output. What it runs is pinned when the outer run starts; a stop reaches it.",
  pure: never,
  cost: costOf("One run of the pipeline.", () => 1),
  limits: { depth: graphLimits.depth },
  emits: () => ANY,
  config: configOf(() => ({ ...pipelineFields, input_mapping: mappingSchema.optional() })),
  uses: ({ input_mapping }) => usesOfMapping("input_mapping", input_mapping),
  references,
  lacks,
});

/** How many runs of a map go on at the same time where it does not say. */
const USUAL_CONCURRENCY = 10;

export const map = defineKind({
  kind: "map",
  group: "flow",
  icon: "list-tree",
  example: { list: "input.documents", pipeline_id: EXAMPLE_PIPELINE, concurrency: 5 },
  summary:
    "Runs a pipeline once for each item of a list, several at a time, with {item, index}, and emits the outputs in the order of the list.",
  pure: never,
  cost: costOf("One run of the pipeline for each item.", ({ max_items }: { readonly max_items: number }) => max_items),
  emits: () => [ofType("array")],
  limits: { items: graphLimits.items, concurrency: graphLimits.concurrency, depth: graphLimits.depth },
  config: configOf(() => ({
    ...pipelineFields,
    list: expressionText.optional().meta({ description: "An expression that gives the list." }),
    max_items: z
      .int()
      .min(1)
      .max(graphLimits.items)
      .default(1_000)
      .meta({ description: "A longer list is a failure." }),
    concurrency: z.int().min(1).max(graphLimits.concurrency).default(USUAL_CONCURRENCY),
    succeed: z.enum(["all", "any", "quorum"]).meta({ id: "MapSucceed" }).default("all").meta({
      description:
        "`all`: the first item that fails fails the map. `any`: one success is enough. `quorum`: as many as it says. What failed is null in the list.",
    }),
    quorum: z.int().min(1).max(graphLimits.items).optional().meta({ description: "Under `quorum`, which needs it." }),
  })).check((context) => {
    const { succeed, quorum } = context.value;
    if ((succeed === "quorum") === (quorum !== undefined)) return;
    const message = succeed === "quorum" ? "is needed under succeed: quorum" : "is used only under succeed: quorum";
    context.issues.push({ code: "custom", input: context.value, path: ["quorum"], message });
  }),
  uses: ({ list }) =>
    list === undefined ? [] : [{ field: "list", form: "expression", text: list, accepts: [ofType("array")] }],
  references,
  lacks: (config) => [
    ...lacks(config),
    ...(config.list === undefined ? ["Say by which expression it gets its list."] : []),
  ],
});

export const loop = defineKind({
  kind: "loop",
  group: "flow",
  icon: "repeat",
  example: {
    pipeline_id: EXAMPLE_PIPELINE,
    until: { path: "input.done", op: "eq", value: true },
    max_iterations: 5,
  },
  summary:
    "Runs a pipeline again and again, each time with the output of the time before, until a condition holds for that, and emits it.",
  pure: never,
  cost: costOf(
    "As many runs of the pipeline as it may repeat.",
    ({ max_iterations }: { readonly max_iterations: number }) => max_iterations,
  ),
  emits: () => ANY,
  limits: { iterations: graphLimits.iterations, depth: graphLimits.depth },
  config: configOf(() => ({
    ...pipelineFields,
    input_mapping: mappingSchema
      .optional()
      .meta({ description: "What it begins with; the input where it is left out." }),
    until: conditionSchema.optional().meta({
      description: "Ends when this holds; `input` is the output of the latest time. Without it, all are done.",
    }),
    max_iterations: z.int().min(1).max(graphLimits.iterations).default(10),
    at_limit: z
      .enum(["emit", "fail"])
      .meta({ id: "LoopAtLimit" })
      .default("emit")
      .meta({ description: "When it has repeated as often as it may and the condition does not hold." }),
  })),
  uses: ({ input_mapping, until }): readonly Use[] => [
    ...usesOfMapping("input_mapping", input_mapping),
    ...(until === undefined
      ? []
      : [{ field: "until", form: "condition", condition: until, of_result: true } satisfies Use]),
  ],
  references,
  lacks,
});
