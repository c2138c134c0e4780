import { grantsOf } from "../../../shared/access/grants.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { membershipItem, organizationItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { agentItem } from "../../agents/public.ts";
import { agentOf } from "../../pipelines/graph/public.ts";
import { type RunState, runStateItem, type StoredRun } from "../store.ts";
import type { PlanNode } from "./rules/plan.ts";
import { type Denied, denied } from "./rules/rights.ts";

/**
 * Why the run may not take this step any more; undefined when it may. Organization, starter and agent are read in one
 * strongly consistent batch, so a suspension, a removal or a forced archive stops the run at its next step.
 */
export async function denialOf(
  table: TenantTable,
  run: Pick<StoredRun, "kind" | "started_by" | "parent_run_id">,
  { node }: Pick<PlanNode, "node">,
): Promise<Denied | undefined> {
  const { started_by, parent_run_id } = run;
  const starter = started_by.type === "agent" ? started_by.on_behalf_of : started_by;
  const user_id = starter.type === "user" ? starter.id : undefined;
  const agent_id = node === undefined ? undefined : agentOf(node)?.agent_id;
  // What does not apply is read as the organization again: a batch reads an item once.
  const nothing = table.read(organizationItem, {});
  const platform = table.table.of(PLATFORM);
  const [organization, user, membership, agent, parent] = await table.table.batch([
    table.read(organizationItem, {}),
    user_id === undefined ? nothing : platform.read(userItem, { id: user_id }),
    user_id === undefined ? nothing : table.read(membershipItem, { user_id }),
    agent_id === undefined ? nothing : table.read(agentItem, { id: agent_id }),
    parent_run_id === null ? nothing : table.read(runStateItem, { run_id: parent_run_id }),
  ]);
  const role = membership !== undefined && "role" in membership ? membership.role : "";
  return denied(run.kind, {
    organization,
    starter: user_id === undefined ? null : { user, membership },
    grants: grantsOf(role),
    parent: parent_run_id === null ? null : (parent as RunState | undefined),
    agent: agent_id === undefined ? null : agent,
  });
}
