import { runFiles } from "../../../shared/blobs/purposes.ts";
import type { Scope } from "../../../shared/expressions/expression.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { loadSnapshot } from "../../agents/public.ts";
import { type AgentRunInput, runAgent } from "../../executions/public.ts";
import { circuitFacts } from "../../models/circuits/public.ts";
import { agentOf, type GraphNode, timeoutOf } from "../../pipelines/graph/public.ts";
import { runContext } from "../log/entries.ts";
import { draftAgent } from "../trial/setup.ts";
import type { Work } from "./dynamo-store.ts";
import type { TakenInput } from "./rules/input.ts";
import type { AttemptResult } from "./rules/outcome.ts";
import type { PlanNode } from "./rules/plan.ts";
import type { TaskDeps } from "./task.ts";
import type { WorkDeps } from "./work-deps.ts";

type Of = Parameters<TaskDeps["worker"]>[0];

/** One attempt of a node that runs an agent. */
export interface AgentTask<N extends GraphNode = GraphNode> extends Of {
  readonly step: N;
  readonly node: PlanNode;
  readonly attempt: number;
  readonly scope: Scope;
  readonly inputs: readonly TakenInput[];
  /** So long as the work wants to take, but no longer than the run has left. In milliseconds, like what it takes. */
  readonly within: (wanted_ms: number) => number;
}

/** What the agent is asked. */
export type AgentCall = Pick<
  AgentRunInput,
  "input" | "prompt" | "variables" | "system_prompt_override" | "temperature" | "instructions" | "response_schema"
>;

type Failed = Extract<AttemptResult, { ok: false }>;
export type AgentAnswer = { readonly ok: true; readonly content: string; readonly object?: unknown } | Failed;

const GRACE_MS = 5_000;

/** Runs the pinned version of a node's agent, and notes what it cost for the step's commit. Failures are values. */
export async function callAgent(task: AgentTask, deps: WorkDeps, call: AgentCall): Promise<AgentAnswer> {
  const { answer, spent } = await askAgent(task, deps, call);
  if (spent !== undefined) task.store.note(task.node, task.attempt, spent);
  return answer;
}

/**
 * The same for who asks more than once in an attempt, and adds up what it cost.
 * @param turn which time it is: what was answered then is not asked for again
 */
export async function askAgent(
  task: Omit<AgentTask, "inputs" | "scope">,
  deps: WorkDeps,
  call: AgentCall,
  turn?: number,
): Promise<{ readonly answer: AgentAnswer; readonly spent?: Work }> {
  const { step, attempt, run, table, walk } = task;
  const timeout_ms = task.within(timeoutOf(step));
  const turns = turn === undefined ? [] : [turn];
  const { agent_id, version = agent_id === undefined ? undefined : run.pinned.agents[agent_id] } = agentOf(step) ?? {};
  const draft = draftAgent(table.tenant, run, walk.setup, agent_id);
  if (agent_id === undefined || (version === undefined && draft === undefined)) {
    const error = { code: "agent_missing", message: "The node names no agent." };
    return { answer: { ok: false, error, retryable: false } };
  }
  const [snapshot, organization] = await Promise.all([
    draft ?? loadSnapshot(deps.table, deps.blobs, table.tenant, agent_id, version ?? 0),
    organizationOf(table),
  ]);
  const { name } = snapshot.definition;
  task.store.mark(task.node, attempt, { agent: { id: agent_id, name, version: snapshot.version } });
  const result = await runAgent(
    snapshot,
    {
      ...call,
      idempotency_key: [run.id, step.id, attempt, ...turns].join("-"),
      meter: {
        plan: organization.plan,
        circuits: circuitFacts(organization),
        actor: runContext(table, run, deps.clock.now()).actor,
        work: { kind: "run_step", id: [run.id, step.id, attempt, ...turns].join("/") },
        // The workflow repeats a task after any fault; what its calls were answered is not asked for again.
        answers: { blobs: deps.blobs, place: runFiles(table.tenant, run) },
        run_id: run.id,
        ...(run.budget === null ? {} : { budget: { run_id: run.root_run_id, limits: run.budget } }),
      },
      timeout_ms,
      between: deps.between,
      // The call to the model ends by itself; this bounds what comes before it, tools that are listed.
      signal: AbortSignal.timeout(task.within(timeout_ms + GRACE_MS)),
    },
    deps,
  );
  const { resources, prompt } = result;
  if (resources.length > 0 || prompt !== null)
    task.store.mark(task.node, attempt, { resources: [...resources], prompt });
  const { tokens_in, tokens_out } = result.usage;
  const { model, cost_usd_micros, retrieved } = result;
  const spent = { model, tokens_in, tokens_out, cost_usd_micros, retrieved, usage: result.unrecorded };
  if (!result.ok) {
    const { code, message, retryable, retry_after_ms } = result.error;
    return { answer: { ok: false, error: { code, message }, retryable, retry_after_ms }, spent };
  }
  const object = result.object === undefined ? {} : { object: result.object };
  return { answer: { ok: true, content: result.content, ...object }, spent };
}

/** As it is now: a limit that was raised meanwhile holds, and a provider that has begun to fail is not called. */
async function organizationOf(table: Of["table"]): Promise<Organization> {
  const organization = await table.get(organizationItem, {});
  if (organization === undefined) throw new Error(`organization ${table.tenant} is gone`);
  return organization;
}
