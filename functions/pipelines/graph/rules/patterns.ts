import { graphLimits } from "./limits.ts";

interface Pattern {
  /** One line for the catalogue. */
  readonly description: string;
  readonly min_agents: number;
  /** More than this many is only a warning. */
  readonly max_agents: number;
  /** Kinds that the pattern is made of: of each list, at least one. */
  readonly needs: readonly (readonly string[])[];
}

/** The nine orchestration patterns, and none of them. */
export const patterns = {
  sequential: {
    description: "Each agent gets the previous agent's output.",
    min_agents: 2,
    max_agents: 10,
    needs: [],
  },
  parallel: {
    description: "Several agents get the same input at the same time; their outputs are merged.",
    min_agents: 2,
    max_agents: 20,
    needs: [["merge", "synthesizer"]],
  },
  router: {
    description: "One of several routes is chosen by condition or meaning.",
    min_agents: 2,
    max_agents: 10,
    needs: [["router", "condition"]],
  },
  supervisor: {
    description: "A supervisor splits the task, delegates to workers and puts their answers together.",
    min_agents: 2,
    max_agents: 20,
    needs: [["supervisor"]],
  },
  ensemble: {
    description: "Several experts answer the same question; a synthesizer makes one answer of theirs.",
    min_agents: 3,
    max_agents: 10,
    needs: [["synthesizer"]],
  },
  blackboard: {
    description: "Agents work in rounds on a shared state until the problem is solved.",
    min_agents: 2,
    max_agents: 10,
    needs: [
      ["condition", "router"],
      ["merge", "synthesizer"],
    ],
  },
  consensus: {
    description: "Several agents vote; the majority decides.",
    min_agents: 3,
    max_agents: 10,
    needs: [["synthesizer"]],
  },
  debate: {
    description: "Agents argue for and against; a judge decides.",
    min_agents: 3,
    max_agents: 5,
    needs: [["merge", "synthesizer"]],
  },
  handoff: {
    description: "A request is escalated from tier to tier until one can answer it.",
    min_agents: 2,
    max_agents: 5,
    needs: [["condition", "router"]],
  },
  custom: {
    description: "No pattern: nothing is asked of the graph but what is asked of every graph.",
    min_agents: 0,
    max_agents: graphLimits.nodes,
    needs: [],
  },
} as const satisfies Record<string, Pattern>;

export type PatternName = keyof typeof patterns;

/** Other names that are understood on input. */
export const patternAliases: Readonly<Record<string, PatternName>> = { "supervisor-worker": "supervisor" };

export const patternNames = Object.keys(patterns) as readonly PatternName[];

/** The pattern of that name or alias, or undefined. */
export function patternNamed(name: string): PatternName | undefined {
  if (Object.hasOwn(patternAliases, name)) return patternAliases[name];
  return patternNames.find((pattern) => pattern === name);
}

/** The pattern's definition. */
export const patternDefinition = (name: PatternName): Pattern => patterns[name];

/** The catalogue: every pattern with its line. */
export const patternCatalogue = () => patternNames.map((name) => ({ name, ...patternDefinition(name) }));
