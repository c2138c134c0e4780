import { runFiles } from "../../../shared/blobs/purposes.ts";
import type { Scope } from "../../../shared/expressions/expression.ts";
import { isObject, type Json } from "../../../shared/expressions/json.ts";
import { asText } from "../../../shared/expressions/template.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { loadSnapshot } from "../../agents/public.ts";
import { runAgent } from "../../executions/public.ts";
import type { GraphNode } from "../../pipelines/graph/public.ts";
import { runContext } from "../log/entries.ts";
import type { AttemptResult } from "./rules/outcome.ts";
import type { PlanNode } from "./rules/plan.ts";
import { prepareTask } from "./rules/task.ts";
import type { TaskDeps } from "./task.ts";
import type { WorkDeps } from "./work-deps.ts";

type Of = Parameters<TaskDeps["worker"]>[0];
type AgentNode = Extract<GraphNode, { kind: "agent" }>;

interface AgentTask extends Of {
  readonly step: AgentNode;
  readonly node: PlanNode;
  readonly attempt: number;
  readonly scope: Scope;
  /** So long as the work wants to take, but no longer than the run has left. In milliseconds, like what it takes. */
  readonly within: (wanted_ms: number) => number;
}

/** How long an agent may take where its node does not say. */
const DEFAULT_TIMEOUT_MS = 120_000;
const GRACE_MS = 5_000;

/** Runs the pinned version of an agent on the node's input, and notes what it cost for the step's commit. */
export async function workAgent(task: AgentTask, deps: WorkDeps): Promise<AttemptResult> {
  const { step, attempt, scope, run, table, store } = task;
  const prepared = await prepareTask(step, scope);
  if (!prepared.ok) return { ...prepared, retryable: false };
  const { agent_id, system_prompt_override, temperature } = step.config;
  const timeout_ms = task.within(step.config.timeout_ms ?? DEFAULT_TIMEOUT_MS);
  const version = step.config.version ?? (agent_id === undefined ? undefined : run.pinned.agents[agent_id]);
  if (agent_id === undefined || version === undefined) {
    return { ok: false, error: { code: "agent_missing", message: "The node names no agent." }, retryable: false };
  }
  const [snapshot, plan] = await Promise.all([
    loadSnapshot(deps.table, deps.blobs, table.tenant, agent_id, version),
    planOf(table),
  ]);
  const input = prepared.task.kind === "agent" ? prepared.task.input : null;
  const result = await runAgent(
    snapshot,
    {
      input: messageOf(input),
      variables: variablesOf(input),
      system_prompt_override,
      temperature,
      idempotency_key: `${run.id}-${step.id}-${attempt}`,
      meter: {
        plan,
        actor: runContext(table, run, deps.clock.now()).actor,
        work: { kind: "run_step", id: `${run.id}/${step.id}/${attempt}` },
        // The workflow repeats a task after any fault; what its calls were answered is not asked for again.
        answers: { blobs: deps.blobs, place: runFiles(table.tenant, run) },
        run_id: run.id,
      },
      timeout_ms,
      // The call to the model ends by itself; this bounds what comes before it, tools that are listed.
      signal: AbortSignal.timeout(task.within(timeout_ms + GRACE_MS)),
    },
    deps,
  );
  const { tokens_in, tokens_out } = result.usage;
  const { model, cost_usd_micros } = result;
  store.note(task.node, attempt, {
    model,
    tokens_in,
    tokens_out,
    cost_usd_micros,
    usage: result.unrecorded,
  });
  if (!result.ok) {
    const { code, message, retryable, retry_after_ms } = result.error;
    return { ok: false, error: { code, message }, retryable, retry_after_ms };
  }
  const object = result.object === undefined ? {} : { object: result.object as Json };
  return { ok: true, output: { text: result.content, ...object } };
}

/** The plan as it is now: a limit that was raised meanwhile holds. */
async function planOf(table: Of["table"]): Promise<Organization["plan"]> {
  const organization = await table.get(organizationItem, {});
  if (organization === undefined) throw new Error(`organization ${table.tenant} is gone`);
  return organization.plan;
}

/** The message for the agent: a text as it is, `message` or `query` of an object, else the value as JSON. */
export function messageOf(input: Json): string {
  if (!isObject(input)) return asText(input);
  if (typeof input.message === "string") return input.message;
  return typeof input.query === "string" ? input.query : asText(input as Json);
}

/** Values for the placeholders of the agent's prompt: the texts of `variables` in the input. */
function variablesOf(input: Json): Record<string, string> {
  const variables = isObject(input) && isObject(input.variables) ? Object.entries(input.variables) : [];
  return Object.fromEntries(variables.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}
