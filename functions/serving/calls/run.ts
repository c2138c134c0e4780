import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { newId } from "../../../shared/ids.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import type { Log } from "../../../shared/observability/log.ts";
import { type AgentRunDeps, type AgentRunInput, type AgentRunResult, runAgent } from "../../executions/public.ts";
import type { Caller } from "../door/authenticate.ts";
import type { Channel } from "../model.ts";
import { chosen } from "../rules/served.ts";
import { type ServedCall, servedAgentItem, servedCallItem } from "../store.ts";
import { type AgentDeps, agentOf, Tampered } from "./agent.ts";

export interface CallDeps extends AgentRunDeps, AgentDeps {
  readonly table: Table;
  readonly log: Log;
}

/** What a caller asks. */
export type Question = Pick<
  AgentRunInput,
  "input" | "history" | "variables" | "instructions" | "temperature" | "signal" | "on_delta"
>;

/** One call before it begins: which deployment answers it. */
export interface Begun {
  readonly id: string;
  readonly at: Date;
  readonly channel: Channel;
  readonly deployment_id: string;
  readonly version: number;
  run(question: Question): Promise<AgentRunResult>;
}

/** So long an answer may take. */
export const CALL_TIMEOUT_MS = 300_000;
const KEPT_DAYS = 30;

/**
 * Finds what answers a call.
 * @param wanted a deployment by itself, else whichever the caller is given
 * @throws Problem `conflict` where nothing is served
 */
export async function begin(
  caller: Caller,
  channel: Channel,
  wanted: string | undefined,
  deps: CallDeps,
): Promise<Begun> {
  const at = deps.clock.now();
  const { tenant: of, endpoint, key_id } = caller;
  const deployment_id = wanted ?? chosen(endpoint, key_id);
  const tenant = deps.table.of(of);
  const served = deployment_id === undefined ? undefined : await tenant.get(servedAgentItem, { deployment_id });
  if (served === undefined)
    throw new Problem("conflict", "Nothing is served here at the moment.", { members: { state: "not_served" } });
  const snapshot = await agentOf(served, deps).catch((error: unknown) => {
    if (error instanceof Tampered) deps.log.error("served.tampered", error);
    throw error;
  });
  const id = newId("served_call", at);
  const { version } = served.statement;
  const begun = { id, at, channel, deployment_id: served.deployment_id, version };
  const run = async (question: Question): Promise<AgentRunResult> => {
    const result = await runAgent(
      snapshot,
      {
        ...question,
        idempotency_key: id,
        timeout_ms: CALL_TIMEOUT_MS,
        meter: {
          plan: endpoint.plan,
          actor: { type: "agent", id: served.deployment_id, on_behalf_of: { type: "deployment_key", id: key_id } },
          work: { kind: "serve", id },
          run_id: null,
          circuits: undefined,
        },
      },
      deps,
    );
    await tenant.transact([
      tenant.writes.create(servedCallItem, recordOf(caller, begun, result, deps.clock.now())),
      ...result.unrecorded,
    ]);
    return result;
  };
  return { ...begun, run };
}

const outcomeOf = (error_code: string | null): ServedCall["outcome"] => {
  if (error_code === null) return "succeeded";
  // Whoever asked has left.
  if (error_code === "cancelled") return "cancelled";
  return error_code === "model_timeout" ? "timed_out" : "failed";
};

/** What came of a call. Nothing of what was said is in it. */
function recordOf(
  { tenant, endpoint, key_id }: Caller,
  { id, at, channel, deployment_id, version }: Omit<Begun, "run">,
  result: AgentRunResult,
  now: Date,
): ServedCall {
  const error_code = result.ok ? null : result.error.code;
  return {
    id,
    organization_id: tenant,
    gateway_id: endpoint.gateway_id,
    target_id: endpoint.target_id,
    deployment_id,
    version,
    key_id,
    channel,
    at: timestamp(at),
    outcome: outcomeOf(error_code),
    error_code,
    duration_ms: now.getTime() - at.getTime(),
    model: result.model,
    ...result.usage,
    cost_usd_micros: result.cost_usd_micros,
    expires_at: timestamp(addDays(at, KEPT_DAYS)),
  };
}
