import type * as z from "zod";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { type Asking, requireAlso } from "../../../shared/http/permit.ts";
import { agentStates } from "../../agents/model.ts";
import { agentItem } from "../../agents/public.ts";
import { pipelineStates } from "../../pipelines/model.ts";
import { pipelineItem } from "../../pipelines/public.ts";
import { budgetOf } from "../../usage/public.ts";
import { type budgetInput, limitsOf, type RunLimits } from "../../usage/runs/public.ts";
import type { RunDeps } from "../deps.ts";
import { DEFAULT_TIMEOUT_SECONDS, noTotals, summaryOf } from "../model.ts";
import type { operations } from "../operations.ts";
import { withPlace } from "../queue/places.ts";
import { newPosition } from "../queue/position.ts";
import { pipelineTaking } from "../queue/rules/turned-away.ts";
import type { StoredRun } from "../store.ts";
import { bringsSetup } from "../trial/rules/brings.ts";
import { LARGEST_START, type NewRun, startOf } from "./start.ts";

type Ops = typeof operations;

/** A run of an agent is repeated by who may run agents. @throws Problem `forbidden` */
export function requireAgents(call: Asking<"agents:execute">, { kind }: Pick<StoredRun, "kind">): void {
  if (kind === "agent") requireAlso(call, "agents:execute");
}

/** The budget that is asked for; left out, the one there was. */
export const chosen = (
  { budget }: { readonly budget?: z.output<typeof budgetInput> | null | undefined },
  before: RunLimits | null = null,
): RunLimits | null => (budget === undefined ? before : budget === null ? null : limitsOf(budget));
/** What a test has brought is its own; it is tested again. @throws Problem `conflict` */
export function requireRepeatable(run: StoredRun): void {
  if (!bringsSetup(run)) return;
  const what = run.test?.node_id === null ? "what was sent with it" : `its node ${run.test?.node_id} alone`;
  throw new Problem("conflict", `The run is a test of ${what}. Test it again instead.`);
}

/** How long a run may take again; one that was within another had what that one had left, and gets an hour at least. */
export const ownTimeout = ({ parent_run_id, timeout_seconds }: StoredRun): number =>
  parent_run_id === null ? timeout_seconds : Math.max(timeout_seconds, DEFAULT_TIMEOUT_SECONDS);

/**
 * Commits the start and starts the workflow; where there is no place the run waits, and whoever lets it in starts it. Should that fail, or this function end in between, the consumer of
 * `run.started` starts it: the execution is named after the run, so both together start it once.
 */
export async function begin(
  call: Pick<Call<Ops["retry"]>, "caller" | "at" | "trace" | "commit">,
  deps: RunDeps,
  table: TenantTable,
  wanted: NewRun,
  checks: readonly Write[],
  input: Json,
): Promise<Output<Ops["retry"]>> {
  const { principal, organization } = call.caller;
  const starter = { principal, plan: organization.plan, at: call.at, trace: call.trace };
  let waits = false;
  const answer = await withPlace(async (waiting_for) => {
    const { run, writes, event } = startOf(table, starter, wanted, waiting_for);
    waits = waiting_for !== undefined;
    const queue = waiting_for === undefined ? null : await newPosition(table, run, waiting_for);
    const view = { ...summaryOf(run, noTotals), budget: budgetOf(run.budget, undefined), queue, input, output: null };
    // Beside the start: the checks and the stored answer.
    const largest = LARGEST_START + checks.length + 1;
    return call.commit({ writes: [...checks, ...writes], events: [event], largest }, view);
  });
  if (!waits)
    await deps.workflow.start(table.tenant, wanted.id).catch((error: unknown) => {
      deps.log.error("run.start_delayed", error, { run_id: wanted.id });
    });
  return answer;
}

/** What a run of an agent is of must still take runs. */
export const agentIsActive = (table: TenantTable, id: string): Write =>
  table.writes.check(agentItem, { id }, { equals: { status: "active" } }, (old) =>
    agentStates.refusal(old?.status ?? "deleted", ["active"]),
  );

/** The same of a pipeline. */
export function pipelineTakesRuns(table: TenantTable, { target_id, mode }: StoredRun): Write {
  const status = pipelineTaking(mode);
  return table.writes.check(pipelineItem, { id: target_id }, { one_of: { status } }, (old) =>
    pipelineStates.refusal(old?.status ?? "deleted", status),
  );
}
