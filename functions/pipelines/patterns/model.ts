import * as z from "zod";
import { conditionSchema } from "../../../shared/expressions/condition.ts";
import { pathSchema } from "../../../shared/expressions/paths.ts";
import { idSchema } from "../../../shared/ids.ts";
import { branchIssues, mayTakeDefault, routerStrategies } from "../graph/rules/kinds/branches.ts";
import { localId } from "../graph/rules/kinds/kind.ts";
import { namedWorkers, selections, supervisorLimits } from "../graph/rules/kinds/supervisors.ts";
import { graphLimits } from "../graph/rules/limits.ts";
import { patterns } from "../graph/rules/patterns.ts";

const agent = z
  .strictObject({
    agent_id: idSchema("agent"),
    label: z.string().trim().min(1).max(graphLimits.label).optional().meta({
      description: "What its nodes are called; a word of the pattern where it is left out.",
    }),
  })
  .meta({ id: "PatternAgent" });
export type PatternAgent = z.output<typeof agent>;

const agents = (pattern: keyof typeof patterns) =>
  z.array(agent).min(patterns[pattern].min_agents).max(patterns[pattern].max_agents);

const namesOf = (workers: readonly { readonly name?: string | undefined }[]): string[] =>
  namedWorkers({ workers }).map(({ name }) => name);

const rounds = z.int().min(1).max(5).default(2);

const route = z
  .strictObject({
    handle: localId.refine((handle) => handle !== "default" && handle !== "error", "is kept for what is left over"),
    agent,
    condition: conditionSchema.optional(),
    description: z.string().trim().min(1).max(500).optional(),
    weight: z.int().min(1).max(1_000).optional(),
  })
  .meta({ id: "PatternRoute" });

interface Routes {
  readonly strategy: (typeof routerStrategies)[number];
  readonly routes: readonly z.output<typeof route>[];
  readonly router?: PatternAgent | undefined;
  readonly default?: PatternAgent | undefined;
}

/** A router has what its strategy needs, and at least two ways to go. */
function soundRoutes(context: z.core.ParsePayload<Routes>): void {
  const { strategy, routes, router, default: otherwise } = context.value;
  const wrong = (path: (string | number)[], message: string) =>
    context.issues.push({ code: "custom", input: context.value, path, message });
  for (const { path, message } of branchIssues(strategy, routes)) wrong(["routes", ...path], message);
  for (const [i, { handle }] of routes.entries())
    if (routes.findIndex((one) => one.handle === handle) < i) wrong(["routes", i, "handle"], "is used twice");
  const meaning = strategy === "semantic";
  if ((router !== undefined) !== meaning)
    wrong(["router"], meaning ? "is needed under strategy semantic" : "is used only under strategy semantic");
  if ((otherwise !== undefined) !== mayTakeDefault(strategy))
    wrong(["default"], `is ${otherwise === undefined ? "needed" : "not used"} under strategy ${strategy}`);
  const ways = routes.length + (otherwise === undefined ? 0 : 1);
  if (ways < patterns.router.min_agents) wrong(["routes"], "must be at least two ways to go, with the default");
}

/** What each pattern is drawn of. The names are those of `patterns`. */
export const patternPartsSchema = z
  .discriminatedUnion("name", [
    z.strictObject({ name: z.literal("sequential"), agents: agents("sequential") }),
    z.strictObject({
      name: z.literal("parallel"),
      agents: agents("parallel"),
      judge: agent.optional().meta({ description: "Makes one answer of all; without one they stand side by side." }),
    }),
    z
      .strictObject({
        name: z.literal("router"),
        strategy: z.enum(routerStrategies).default("conditional"),
        router: agent.optional().meta({ description: "Chooses, under `semantic`." }),
        routes: z.array(route).min(1).max(patterns.router.max_agents),
        default: agent.optional().meta({
          description: "Gets what no route is for. Needed under `conditional` and `semantic`.",
        }),
      })
      .check(soundRoutes),
    z.strictObject({
      name: z.literal("supervisor"),
      supervisor: agent.meta({ description: "Delegates, and answers." }),
      workers: z
        .array(
          agent
            .extend({
              name: localId.optional().meta({ description: "What the supervisor calls it." }),
              description: z.string().trim().min(1).max(supervisorLimits.description_characters).optional(),
            })
            .omit({ label: true })
            .meta({ id: "PatternWorker" }),
        )
        .min(patterns.supervisor.min_agents)
        .max(patterns.supervisor.max_agents)
        .refine((workers) => new Set(namesOf(workers)).size === workers.length, "must not use a name twice"),
      max_rounds: z.int().min(1).max(supervisorLimits.rounds).default(3),
      max_workers: z.int().min(1).max(supervisorLimits.side_by_side).default(3),
      selection: z.enum(selections).default("semantic"),
    }),
    z.strictObject({
      name: z.literal("ensemble"),
      agents: agents("ensemble"),
      synthesizer: agent.meta({ description: "Makes one answer of what the experts say." }),
    }),
    z.strictObject({
      name: z.literal("blackboard"),
      agents: agents("blackboard"),
      until: conditionSchema.meta({
        description:
          "Ends the rounds when it holds of the board: the objects that the agents have answered, as `input`.",
      }),
      rounds: z.int().min(2).max(5).default(2).meta({ description: "At most." }),
    }),
    z
      .strictObject({
        name: z.literal("consensus"),
        agents: agents("consensus"),
        of: pathSchema(() => undefined)
          .optional()
          .meta({
            description: "Where the ballot stands in each answer.",
            example: "object.verdict",
          }),
        quorum: z.int().min(1).max(patterns.consensus.max_agents).optional(),
        winner: z.enum(["plurality", "majority"]).default("majority"),
        ties: z.enum(["first", "fail"]).default("fail"),
      })
      .refine(({ quorum = 0, agents }) => quorum <= agents.length, {
        path: ["quorum"],
        message: "must be at most the number of agents",
      }),
    z.strictObject({ name: z.literal("debate"), for: agent, against: agent, judge: agent, rounds }),
    z.strictObject({
      name: z.literal("handoff"),
      agents: agents("handoff").meta({ description: "The tiers, the first one first. The last one has to answer." }),
      escalate: conditionSchema
        .default({ path: "input.object.escalate", op: "eq", value: true })
        .meta({ description: "Whether a tier's answer, as `input`, is passed on to the next one." }),
    }),
  ])
  .meta({
    id: "PatternParts",
    description: "The pattern, with the agents that stand at its places and its options.",
  });
export type PatternParts = z.output<typeof patternPartsSchema>;
export type PartsOf<P extends PatternParts["name"]> = Extract<PatternParts, { name: P }>;
