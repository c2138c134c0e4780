import type { NodeAgent, ReferenceType } from "./kind.ts";

/** Something that is paid for and that a node has done: an agent's answer, a run of a pipeline. */
export type Paid = PaidAgent | PaidDearest | PaidPipeline;

interface Times {
  /** How often at most in one attempt; null where nobody knows before the run, and `why` says why. */
  readonly times: number | null;
  readonly why?: string;
}

interface PaidAgent extends Times {
  readonly type: Extract<ReferenceType, "agent">;
  readonly agent: NodeAgent;
}

/** Whichever of several agents costs most. */
interface PaidDearest extends Times {
  readonly type: "dearest_agent";
  readonly agents: readonly NodeAgent[];
}

interface PaidPipeline extends Times {
  readonly type: Extract<ReferenceType, "pipeline">;
  /** Missing where a draft does not say it yet. */
  readonly pipeline_id: string | undefined;
  /** Else the one that is active. */
  readonly revision?: number | undefined;
}

/** What a node may come to at most. The estimate of a pipeline is made of these; nothing else of it is written by kind. */
export interface CostBound<C = unknown> {
  /** For people: of what it costs. */
  readonly words: string;
  /**
   * How long one attempt works at most where its config does not say (`timeout_ms`), its waiting apart; null of rules, which
   * are worked off in passing, and of kinds that only wait.
   */
  readonly usual_timeout_ms: number | null;
  /** What it has done in one attempt. */
  paid(config: C): readonly Paid[];
}

/** Of rules, which are worked off in passing. */
export const FREE: CostBound = { words: "Nothing.", usual_timeout_ms: null, paid: () => [] };

/** How long an agent may take where its node does not say. */
export const AGENT_MS = 120_000;

/** Of kinds that run one agent, at most once in an attempt; `agentOf` says which, undefined where it runs none. */
export const oneAgent = <C>(
  words: string,
  agentOf: (config: C) => NodeAgent | undefined,
): { readonly agent: (config: C) => NodeAgent | undefined; readonly cost: CostBound<C> } => ({
  agent: agentOf,
  cost: {
    words,
    usual_timeout_ms: AGENT_MS,
    paid: (config) => {
      const agent = agentOf(config);
      return agent === undefined ? [] : [{ type: "agent", agent, times: 1 }];
    },
  },
});
