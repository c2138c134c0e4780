import * as z from "zod";
import { conditionSchema } from "../../../../../shared/expressions/condition.ts";
import { ERROR_HANDLE, graphLimits } from "../limits.ts";
import { configOf, defineKind, localId, type Use } from "./kind.ts";

const strategies = ["semantic", "round_robin", "random"];

const branchConfig = configOf({
  strategy: z
    .literal("conditional", {
      error: ({ input }) =>
        typeof input === "string" && strategies.includes(input)
          ? `strategy ${input} is not available yet; use conditional`
          : "must be conditional",
    })
    .default("conditional"),
  branches: z
    .array(
      z
        .strictObject({
          handle: localId,
          label: z.string().min(1).max(graphLimits.label).optional(),
          condition: conditionSchema,
        })
        .meta({ id: "NodeBranch" }),
    )
    .max(graphLimits.branches)
    .default([])
    .meta({ description: "Tried in order; the first whose condition holds is taken." }),
  default: localId.optional().meta({ description: "Handle taken when no branch's condition holds." }),
})
  .check((context) => {
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
  })
  .meta({ id: "BranchConfig" });

type BranchConfig = z.output<typeof branchConfig>;

const behaviour = {
  pure: true,
  branches: true,
  config: branchConfig,
  handles: (config: BranchConfig) => [
    ...config.branches.map(({ handle }) => handle),
    ...(config.default === undefined ? [] : [config.default]),
  ],
  uses: (config: BranchConfig): readonly Use[] =>
    config.branches.map(({ condition }, index) => ({
      field: `branches.${index}.condition`,
      form: "condition",
      condition,
    })),
} as const;

export const condition = defineKind({
  kind: "condition",
  summary: "Passes its input on by the first branch whose condition holds, else by the default.",
  ...behaviour,
});

export const router = defineKind({
  kind: "router",
  summary: "Chooses one of several routes by condition and passes its input on.",
  ...behaviour,
});
