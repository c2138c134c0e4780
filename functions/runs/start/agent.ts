import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { pinAgent, type StoredAgent } from "../../agents/public.ts";
import { promptIn } from "../../executions/prompts/public.ts";
import { admitTokens } from "../../usage/public.ts";
import { DEFAULT_TIMEOUT_SECONDS, type RunRecord } from "../model.ts";
import { storeJson } from "../store.ts";
import { agentIsActive } from "./begin.ts";
import { type NewRun, namedRun } from "./start.ts";

/** What is asked for who wants a run of an agent. */
export interface WantedAgentRun extends Pick<RunRecord, "mode" | "metadata" | "labels"> {
  readonly input: Json;
  readonly timeout_seconds?: number | undefined;
  /** Of test runs only. */
  readonly version?: number | undefined;
  readonly budget?: RunRecord["budget"] | undefined;
}

/**
 * Everything of a new run of an agent that is decided before it starts: the pinned version, the stored input, its time.
 * @returns what `startOf` takes, and the check that goes into its transaction
 * @throws Problem where the agent, the plan or a prompt in the input does not permit it
 */
export async function prepareAgent(
  { table, blobs }: { readonly table: TenantTable; readonly blobs: Blobs },
  agent: StoredAgent,
  { mode, metadata, labels, input, version, timeout_seconds = DEFAULT_TIMEOUT_SECONDS, budget = null }: WantedAgentRun,
  organization: Pick<Organization, "plan" | "settings">,
  at: Date,
): Promise<{ readonly wanted: NewRun; readonly check: Write }> {
  promptIn(input);
  const pinned = await pinAgent(table, agent, version);
  await admitTokens(table, organization.plan, at);
  const named = namedRun(organization, at, timeout_seconds);
  const wanted: NewRun = {
    ...named,
    kind: "agent",
    mode,
    target_id: agent.id,
    pinned: { pipeline_id: null, revision: null, agents: { [agent.id]: pinned }, pipelines: {} },
    metadata,
    labels,
    timeout_seconds,
    budget,
    input: await storeJson(blobs, table.tenant, named, input),
  };
  return { wanted, check: agentIsActive(table, agent.id) };
}
