import { personBehind } from "../../../shared/access/caller.ts";
import { apiKeyItem, serviceAccountItem } from "../../../shared/access/keys/items.ts";
import { within } from "../../../shared/access/keys/scopes.ts";
import { grantsOf } from "../../../shared/access/own-roles.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { membershipItem, organizationItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { agentItem } from "../../agents/public.ts";
import { agentOf } from "../../pipelines/graph/public.ts";
import { readTarget } from "../queue/target.ts";
import { runStateItem, type StoredRun } from "../store.ts";
import type { PlanNode } from "./rules/plan.ts";
import { type Denied, denied } from "./rules/rights.ts";

/**
 * Why the run may not take this step any more; undefined when it may. Organization, starter and agent are read in one
 * strongly consistent batch, so a suspension, a removal or a forced archive stops the run at its next step.
 */
export async function denialOf(
  table: TenantTable,
  run: Pick<StoredRun, "kind" | "target_id" | "started_by" | "parent_run_id">,
  { node }: Pick<PlanNode, "node">,
): Promise<Denied | undefined> {
  const { started_by, parent_run_id, target_id } = run;
  const user_id = personBehind(started_by);
  const key_id = started_by.type === "api_key" ? started_by.id : undefined;
  const behind = started_by.type === "api_key" ? started_by.on_behalf_of : undefined;
  const account_id = behind?.type === "service_account" ? behind.id : undefined;
  const agent_id = node === undefined ? undefined : agentOf(node)?.agent_id;
  const platform = table.table.of(PLATFORM);
  const { organization, user, membership, account, key, agent, parent, target } = await table.table.batchOf({
    organization: table.read(organizationItem, {}),
    user: user_id === undefined ? undefined : platform.read(userItem, { id: user_id }),
    membership: user_id === undefined ? undefined : table.read(membershipItem, { user_id }),
    account: account_id === undefined ? undefined : table.read(serviceAccountItem, { id: account_id }),
    key: key_id === undefined ? undefined : table.read(apiKeyItem, { id: key_id }),
    agent: agent_id === undefined ? undefined : table.read(agentItem, { id: agent_id }),
    parent: parent_run_id === null ? undefined : table.read(runStateItem, { run_id: parent_run_id }),
    // What a key is confined to is known with the key, so it is read beside it.
    target: key_id === undefined ? undefined : readTarget(table, target_id),
  });
  const standing = account_id === undefined ? membership : account;
  const grants = organization === undefined ? [] : await grantsOf(table.table, organization, standing?.role ?? "");
  return denied(run.kind, {
    organization,
    starter: starterOf({ user_id, user, membership }, { account_id, account }),
    key: key_id === undefined ? null : key,
    grants: key_id === undefined ? grants : within(key?.scopes ?? [], grants),
    parent: parent_run_id === null ? null : parent,
    agent: agent_id === undefined ? null : agent,
    target: key_id === undefined ? null : target,
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
