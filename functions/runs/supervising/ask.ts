import { loadSnapshot } from "../../agents/public.ts";
import { type GraphNode, namedWorkers } from "../../pipelines/graph/public.ts";
import { type AgentTask, askAgent } from "../engine/call-agent.ts";
import type { Work } from "../engine/dynamo-store.ts";
import type { AttemptResult } from "../engine/rules/outcome.ts";
import type { WorkDeps } from "../engine/work-deps.ts";
import { type Decision, decisionOf, decisionSchema, instructionsFor, type Worker } from "./rules/decision.ts";

export type Supervisor = Extract<GraphNode, { kind: "supervisor" }>;
type Task = Omit<AgentTask<Supervisor>, "inputs" | "scope">;
type Failed = Extract<AttemptResult, { ok: false }>;

/** What is asked of the supervising agent. */
export interface Question {
  /** From 1; one beyond its rounds is the last, in which it can only answer. */
  readonly round: number;
  readonly message: string;
  readonly variables: Readonly<Record<string, string>>;
  /** How many tasks have been delegated before. */
  readonly before: number;
}

export interface Asked {
  readonly decision: { readonly ok: true; readonly is: Decision } | Failed;
  /** What it cost, whatever came of it. */
  readonly spent?: Work;
}

/** Asks the supervising agent what is done next. Each round is asked for once, also where the task is repeated. */
export async function ask(task: Task, deps: WorkDeps, { round, message, variables, before }: Question): Promise<Asked> {
  const { config } = task.step;
  const workers = await workersOf(task, deps);
  if ("ok" in workers) return { decision: workers };
  const last = round > config.max_rounds;
  const call = {
    input: message,
    variables,
    instructions: instructionsFor(config, workers, round),
    response_schema: decisionSchema(config, workers, last),
  };
  const { answer, ...spent } = await askAgent(task, deps, call, round);
  if (!answer.ok) return { decision: answer, ...spent };
  const is = decisionOf(answer.object, config, workers, before);
  if (typeof is !== "string") return { decision: { ok: true, is }, ...spent };
  const error = { code: "decision_invalid", message: `The supervisor's answer ${is}.` };
  return { decision: { ok: false, error }, ...spent };
}

/** The workers as the versions that the run has pinned say of themselves. */
async function workersOf({ step, run, table }: Task, deps: WorkDeps): Promise<readonly Worker[] | Failed> {
  const named = namedWorkers(step.config).map((worker) => {
    const { agent_id = "" } = worker;
    return { ...worker, agent_id, version: worker.version ?? run.pinned.agents[agent_id] };
  });
  const missing = named.find(({ version }) => version === undefined);
  if (missing !== undefined || named.length === 0) {
    const message = `The worker ${missing?.name ?? ""} has no agent that the run has pinned.`;
    return { ok: false, error: { code: "agent_missing", message }, retryable: false };
  }
  return Promise.all(
    named.map(async ({ name, agent_id, version = 0, description }): Promise<Worker> => {
      const { definition } = await loadSnapshot(deps.table, deps.blobs, table.tenant, agent_id, version);
      const own = [definition.name, definition.description].filter((part) => part !== "").join(". ");
      return { name, agent_id, version, description: description ?? own, capabilities: definition.capabilities };
    }),
  );
}
