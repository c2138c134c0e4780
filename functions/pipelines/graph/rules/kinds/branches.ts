import * as z from "zod";
import { conditionSchema } from "../../../../../shared/expressions/condition.ts";
import { ERROR_HANDLE, graphLimits } from "../limits.ts";
import { FREE, oneAgent } from "./cost.ts";
import { agentFields, always, configOf, defineKind, EXAMPLE_AGENT, localId, type Use } from "./kind.ts";

const handle = {
  handle: localId,
  label: z.string().min(1).max(graphLimits.label).optional(),
};
const otherwise = localId.optional();

interface Branches {
  readonly branches: readonly { readonly handle: string }[];
  readonly default?: string | undefined;
}

/** Each handle is a branch's or the default's, once. */
function distinctHandles(context: z.core.ParsePayload<Branches>): void {
  const { branches, default: otherwise } = context.value;
  const seen = new Set<string>([ERROR_HANDLE]);
  const claim = (handle: string, path: (string | number)[]) => {
    if (seen.has(handle)) {
      const message =
        handle === ERROR_HANDLE ? `"${ERROR_HANDLE}" is the handle of failures` : `handle "${handle}" is used twice`;
      context.issues.push({ code: "custom", input: context.value, path, message });
    }
    seen.add(handle);
  };
  for (const [index, branch] of branches.entries()) claim(branch.handle, ["branches", index, "handle"]);
  if (otherwise !== undefined) claim(otherwise, ["default"]);
}

const handlesOf = ({ branches, default: otherwise }: Branches): readonly string[] => [
  ...branches.map(({ handle }) => handle),
  ...(otherwise === undefined ? [] : [otherwise]),
];

export const condition = defineKind({
  kind: "condition",
  group: "flow",
  icon: "split",
  example: {
    branches: [{ handle: "large", condition: { path: "input.amount", op: "gt", value: 1_000 } }],
    default: "small",
  },
  summary: "Passes its input on by the first branch whose condition holds, else by the default.",
  pure: always,
  emits: (_, { input }) => input,
  cost: FREE,
  limits: { branches: graphLimits.branches },
  branches: true,
  config: configOf(() => ({
    strategy: z
      .literal("conditional", { error: "must be conditional; a router has more strategies" })
      .default("conditional"),
    branches: z
      .array(z.strictObject({ ...handle, condition: conditionSchema }).meta({ id: "NodeBranch" }))
      .max(graphLimits.branches)
      .default([])
      .meta({ description: "Tried in order; the first whose condition holds is taken." }),
    default: otherwise.meta({ description: "Handle taken when no branch's condition holds." }),
  }))
    .check(distinctHandles)
    .meta({ id: "BranchConfig" }),
  handles: handlesOf,
  uses: ({ branches }): readonly Use[] =>
    branches.map(({ condition }, index) => ({ field: `branches.${index}.condition`, form: "condition", condition })),
});

export const routerStrategies = ["conditional", "semantic", "round_robin", "random"] as const;
type RouterStrategy = (typeof routerStrategies)[number];

/** Of what a branch is for. */
const DESCRIPTION = 500;

/** How sure a model must be for its choice to be followed, where nothing else is said. */
const SURE = 0.5;

interface RouterBranch {
  readonly handle: string;
  readonly condition?: unknown;
  readonly description?: string | undefined;
  readonly weight?: number | undefined;
}

/** What a router's branches must and must not have under its strategy, by their place. */
export function branchIssues(
  strategy: RouterStrategy,
  branches: readonly RouterBranch[],
): { readonly path: [number, string]; readonly message: string }[] {
  return branches.flatMap(({ condition, description, weight }, index) => {
    const wrong = (field: string, message: string) => ({ path: [index, field] as [number, string], message });
    return [
      ...(condition !== undefined && strategy !== "conditional"
        ? [wrong("condition", "is used only under strategy conditional")]
        : []),
      ...(weight !== undefined && strategy !== "random" ? [wrong("weight", "is used only under strategy random")] : []),
      ...(condition === undefined && strategy === "conditional"
        ? [wrong("condition", "is needed under strategy conditional")]
        : []),
      ...(description === undefined && strategy === "semantic"
        ? [wrong("description", "is needed under strategy semantic")]
        : []),
    ];
  });
}

const routerConfig = configOf(() => ({
  strategy: z
    .enum(routerStrategies, { error: `must be one of ${routerStrategies.join(", ")}` })
    .default("conditional")
    .meta({
      id: "RouterStrategy",
      description:
        "`conditional`: the first branch whose condition holds. `semantic`: an agent chooses by the branches' descriptions. `round_robin`: one after the other, run by run. `random`: by weight, the same for the same run.",
    }),
  branches: z
    .array(
      z
        .strictObject({
          ...handle,
          condition: conditionSchema
            .optional()
            .meta({ description: "Under `conditional`, where each branch has one." }),
          description: z.string().trim().min(1).max(DESCRIPTION).optional().meta({
            description: "When this branch is right; under `semantic` each branch has one.",
          }),
          weight: z.int().min(1).max(1_000).optional().meta({ description: "Under `random`; 1 where it is left out." }),
        })
        .meta({ id: "RouterBranch" }),
    )
    .max(graphLimits.branches)
    .default([]),
  default: otherwise.meta({
    description: "Handle taken when no branch's condition holds, or when the agent is in doubt.",
  }),
  ...agentFields,
  min_confidence: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({
      description: `Under \`semantic\`: with less than this (${SURE} where it is left out) the agent is in doubt.`,
    }),
}))
  .check(distinctHandles)
  .check((context) => {
    const { strategy, branches } = context.value;
    const wrong = (path: (string | number)[], message: string) =>
      context.issues.push({ code: "custom", input: context.value, path, message });
    for (const { path, message } of branchIssues(strategy, branches)) wrong(["branches", ...path], message);
    for (const field of ["agent_id", "version", "min_confidence"] as const)
      if (context.value[field] !== undefined && strategy !== "semantic")
        wrong([field], "is used only under strategy semantic");
  })
  .meta({ id: "RouterConfig" });

export const router = defineKind({
  kind: "router",
  group: "flow",
  icon: "route",
  example: {
    strategy: "semantic",
    agent_id: EXAMPLE_AGENT,
    branches: [
      { handle: "billing", description: "Invoices, payments and prices." },
      { handle: "technical", description: "Something does not work." },
    ],
    default: "other",
  },
  summary: "Chooses one of several routes, by condition, meaning, turn or chance, and passes its input on.",
  pure: ({ strategy }) => strategy === "conditional" || strategy === "random",
  branches: true,
  config: routerConfig,
  handles: handlesOf,
  ...oneAgent<z.output<typeof routerConfig>>(
    "What its agent costs, once an attempt, under strategy semantic; nothing under the others.",
    ({ strategy, agent_id, version }) => (strategy === "semantic" ? { agent_id, version } : undefined),
  ),
  emits: (_, { input }) => input,
  limits: { branches: graphLimits.branches, description_characters: DESCRIPTION },
  uses: ({ branches }): readonly Use[] =>
    branches.flatMap(({ condition }, index) =>
      condition === undefined
        ? []
        : [{ field: `branches.${index}.condition`, form: "condition", condition } satisfies Use],
    ),
  lacks: ({ strategy, on_failure, default: otherwise }) =>
    on_failure === "fallback" && otherwise === undefined && strategy !== "conditional" && strategy !== "semantic"
      ? ["Give its default: the handle by which its fallback goes on."]
      : [],
});

/** How sure an agent must be for its choice to be followed. */
export const confidenceNeeded = ({ min_confidence }: { readonly min_confidence?: number | undefined }): number =>
  min_confidence ?? SURE;

/** Whether a run may come to take the default: no condition holds, or the agent is in doubt. */
export const mayTakeDefault = (strategy: RouterStrategy): boolean =>
  strategy === "conditional" || strategy === "semantic";
