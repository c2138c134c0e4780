import { personBehind } from "../../../shared/access/caller.ts";
import { apiKeyItem, serviceAccountItem } from "../../../shared/access/keys/items.ts";
import { within } from "../../../shared/access/keys/scopes.ts";
import { grantsOf } from "../../../shared/access/own-roles.ts";
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
  const user_id = personBehind(started_by);
  const key_id = started_by.type === "api_key" ? started_by.id : undefined;
  const behind = started_by.type === "api_key" ? started_by.on_behalf_of : undefined;
  const account_id = behind?.type === "service_account" ? behind.id : undefined;
  const agent_id = node === undefined ? undefined : agentOf(node)?.agent_id;
  // What does not apply is read as the organization again: a batch reads an item once.
  const nothing = table.read(organizationItem, {});
  const platform = table.table.of(PLATFORM);
  const [organization, user, membership, account, key, agent, parent] = await table.table.batch([
    table.read(organizationItem, {}),
    user_id === undefined ? nothing : platform.read(userItem, { id: user_id }),
    user_id === undefined ? nothing : table.read(membershipItem, { user_id }),
    account_id === undefined ? nothing : table.read(serviceAccountItem, { id: account_id }),
    key_id === undefined ? nothing : table.read(apiKeyItem, { id: key_id }),
    agent_id === undefined ? nothing : table.read(agentItem, { id: agent_id }),
    parent_run_id === null ? nothing : table.read(runStateItem, { run_id: parent_run_id }),
  ]);
  const standing = account_id === undefined ? membership : account;
  const role = standing !== undefined && "role" in standing ? standing.role : "";
  const grants = organization === undefined ? [] : await grantsOf(table.table, organization, role);
  const scopes = key !== undefined && "scopes" in key ? key.scopes : [];
  return denied(run.kind, {
    organization,
    starter: starterOf({ user_id, user, membership }, { account_id, account }),
    key: key_id === undefined ? null : key,
    grants: key_id === undefined ? grants : within(scopes, grants),
    parent: parent_run_id === null ? null : (parent as RunState | undefined),
    agent: agent_id === undefined ? null : agent,
  });
}

type Standing = { readonly status: string } | undefined;

/** How whoever started a run stands; null where that is neither a person nor a service account. */
function starterOf(
  person: { readonly user_id: string | undefined; readonly user: Standing; readonly membership: Standing },
  { account_id, account }: { readonly account_id: string | undefined; readonly account: Standing },
) {
  if (account_id !== undefined) return { user: account, membership: account };
  return person.user_id === undefined ? null : { user: person.user, membership: person.membership };
}
