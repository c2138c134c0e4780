import * as z from "zod";
import { MAPPING_FIELDS, mappingSchema } from "../../../../../shared/expressions/mapping.ts";
import { number, text } from "../types/joined.ts";
import { closed, listPart, ofType, type Shape, union } from "../types/shape.ts";
import { AGENT_MS, type Paid } from "./cost.ts";
import {
  agentFields,
  configOf,
  defineKind,
  EXAMPLE_AGENT,
  localId,
  never,
  referenceToAgent,
  usesOfMapping,
} from "./kind.ts";

export const selections = ["semantic", "round_robin", "capability"] as const;

/** So many workers and rounds that what is told of them fits into a model's window. */
export const supervisorLimits = { workers: 20, rounds: 10, side_by_side: 10, description_characters: 500 } as const;

const worker = z
  .strictObject({
    name: localId.optional().meta({
      description: "What the supervisor calls it; `worker_1`, `worker_2`, … where it is left out.",
      example: "analyst",
    }),
    ...agentFields,
    description: z.string().trim().min(1).max(supervisorLimits.description_characters).optional().meta({
      description: "What it is for; what its agent says of itself where it is left out.",
    }),
  })
  .meta({ id: "SupervisorWorker" });

const config = configOf(() => ({
  ...agentFields,
  workers: z.array(worker).max(supervisorLimits.workers).default([]),
  max_rounds: z.int().min(1).max(supervisorLimits.rounds).default(3).meta({
    description: "How often it may delegate. After the last time it is asked for its answer alone.",
  }),
  max_workers: z.int().min(1).max(supervisorLimits.side_by_side).default(3).meta({
    description: "How many tasks it may delegate in one round: they are worked side by side.",
  }),
  selection: z.enum(selections).meta({ id: "SupervisorSelection" }).default("semantic").meta({
    description:
      "Who gets a task. `semantic`: the worker whom the supervisor names. `round_robin`: one after the other, in the order of the list. `capability`: the worker whose agent's `capabilities` have most of the skills that the supervisor names.",
  }),
  input_mapping: mappingSchema.optional(),
})).check((context) => {
  const seen = new Set<string>();
  for (const [i, { name }] of namedWorkers(context.value).entries()) {
    if (seen.has(name))
      context.issues.push({
        code: "custom",
        input: name,
        path: ["workers", i, "name"],
        message: `name "${name}" is used twice`,
      });
    seen.add(name);
  }
});
type Config = z.output<typeof config>;

/** The workers by the names that the supervisor knows them by. */
export const namedWorkers = <W extends { readonly name?: string | undefined }>({
  workers,
}: {
  readonly workers: readonly W[];
}): (Omit<W, "name"> & { readonly name: string })[] =>
  workers.map(({ name, ...rest }, i) => ({ ...rest, name: name ?? `worker_${i + 1}` }));

const list = (rest: Shape): Shape => listPart({ first: [], rest, min: 0, max: Infinity });
const delegation = closed(
  [
    ["round", number],
    ["worker", union(text, [ofType("null")])],
    ["agent_id", union(text, [ofType("null")])],
    ["task", text],
    ["run_id", union(text, [ofType("null")])],
    ["outcome", text],
    ["text", text],
  ],
  ["round", "worker", "agent_id", "task", "run_id", "outcome", "text"],
);
const emitted = closed(
  [
    ["text", text],
    ["delegations", list(delegation)],
    ["reasons", list(text)],
    ["rounds", number],
    ["stopped_by", text],
  ],
  ["text", "delegations", "reasons", "rounds", "stopped_by"],
);

/** It decides once more than it delegates; of each round all tasks may go to the worker that costs most. */
const paid = ({ agent_id, version, workers, max_rounds, max_workers }: Config): readonly Paid[] => [
  { type: "agent", agent: { agent_id, version }, times: max_rounds + 1 },
  { type: "dearest_agent", agents: workers, times: max_rounds * max_workers },
];

/** Of all attempts: of the workers, and of all decisions but the one that is counted as the node's own work. */
function waitsSeconds({ max_rounds, timeout_ms = AGENT_MS, retry }: Config): number {
  return (retry?.max_attempts ?? 1) * max_rounds * Math.ceil((AGENT_MS + timeout_ms) / 1_000);
}

export const supervisor = defineKind({
  kind: "supervisor",
  group: "agents",
  icon: "network",
  example: {
    agent_id: EXAMPLE_AGENT,
    workers: [
      { name: "analyst", agent_id: EXAMPLE_AGENT, description: "Finds out what the numbers say." },
      { name: "writer", agent_id: EXAMPLE_AGENT, description: "Writes for readers in a hurry." },
    ],
    max_rounds: 2,
  },
  summary:
    "An agent that has workers do tasks, in rounds, until it answers or its rounds are used up. Each task is a run of its own of the worker's agent. Emits {text, delegations, reasons, rounds, stopped_by}.",
  pure: never,
  config,
  agent: ({ agent_id, version }) => ({ agent_id, version }),
  workers: ({ workers }) => workers,
  references: ({ workers, ...own }) => [
    ...referenceToAgent(own),
    ...workers.flatMap((one, i) => referenceToAgent(one, ["workers", i])),
  ],
  cost: {
    words:
      "What its agent costs, once more than it has rounds, and what the worker that costs most costs, for each task of each round.",
    usual_timeout_ms: AGENT_MS,
    paid,
  },
  emits: () => emitted,
  limits: {
    workers: supervisorLimits.workers,
    rounds: supervisorLimits.rounds,
    side_by_side: supervisorLimits.side_by_side,
    description_characters: supervisorLimits.description_characters,
    mapping_fields: MAPPING_FIELDS,
  },
  waits_seconds: waitsSeconds,
  uses: ({ input_mapping }) => usesOfMapping("input_mapping", input_mapping),
  lacks: ({ workers }) =>
    workers.length === 0
      ? ["Name at least one worker."]
      : workers.some(({ agent_id }) => agent_id === undefined)
        ? ["Choose an agent for each of its workers."]
        : [],
});
