import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { agentStates, USABLE_AGENT } from "../../agents/model.ts";
import { agentItem, type SnapshotContent } from "../../agents/public.ts";
import { promptIn } from "../../executions/prompts/public.ts";
import { admitTokens } from "../../usage/public.ts";
import { agentGraph } from "../engine/load.ts";
import { type NewRun, namedRun } from "../start/start.ts";
import { storeJson } from "../store.ts";
import { requireCassette, requireFaultsIn, type Trial, testOf } from "./prepare.ts";
import { storeSetup } from "./setup.ts";

/** What of an agent is tried: one of its versions, or what was put together for the test. */
export type TestedAgent =
  | { readonly version: number; readonly content?: undefined }
  | { readonly version?: undefined; readonly content: SnapshotContent };

/**
 * Everything of a test of an agent that is decided before it starts, as `preparePipeline` does it of a pipeline. The agent need
 * not be active, but must not be archived.
 * @throws Problem where the agent, the plan, a prompt in the input or what the test is told do not permit it
 */
export async function prepareAgentTest(
  { table, blobs }: { readonly table: TenantTable; readonly blobs: Blobs },
  agent_id: string,
  { version, content }: TestedAgent,
  { input, timeout_seconds, trial }: { readonly input: Json; readonly timeout_seconds: number; readonly trial: Trial },
  organization: Pick<Organization, "plan" | "settings">,
  at: Date,
): Promise<{ readonly wanted: NewRun; readonly check: Write }> {
  promptIn(input);
  requireFaultsIn(agentGraph(agent_id), trial);
  await requireCassette(table, trial);
  await admitTokens(table, organization.plan, at);
  const named = namedRun(organization, at, timeout_seconds);
  const wanted: NewRun = {
    ...named,
    kind: "agent",
    mode: "test",
    target_id: agent_id,
    pinned: {
      pipeline_id: null,
      revision: null,
      agents: version === undefined ? {} : { [agent_id]: version },
      pipelines: {},
    },
    metadata: {},
    labels: [],
    timeout_seconds,
    budget: null,
    test: testOf(trial, content !== undefined),
    setup: content === undefined ? undefined : await storeSetup(blobs, table.tenant, named, { agent: content }),
    input: await storeJson(blobs, table.tenant, named, input),
  };
  const check = table.writes.check(agentItem, { id: agent_id }, { one_of: { status: USABLE_AGENT } }, (old) =>
    old === undefined ? notFound() : agentStates.refusal(old.status, USABLE_AGENT),
  );
  return { wanted, check };
}
