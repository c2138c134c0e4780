import { apiKeyItem } from "../../../shared/access/keys/items.ts";
import { ownRoleItem } from "../../../shared/access/own-roles.ts";
import { isBuiltInRole } from "../../../shared/access/roles.ts";
import type { ItemDefinition } from "../../../shared/dynamo/item.ts";
import type { Read, TenantTable } from "../../../shared/dynamo/table.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import type { ReferableType } from "../../../shared/policies/attributes.ts";
import { agentItem } from "../../agents/public.ts";
import { pipelineItem } from "../../pipelines/public.ts";
import { teamItem } from "../../teams/public.ts";
import { workspaceItem } from "../../workspaces/public.ts";
import { type Found, type NamesThings, namesThings, type Reference, standingOf } from "../rules/references.ts";

/** What policies can name, as it is now. */

const items = {
  agent: (id) => ({ definition: agentItem, key: { id } }),
  pipeline: (id) => ({ definition: pipelineItem, key: { id } }),
  team: (id) => ({ definition: teamItem, key: { id } }),
  user: (id) => ({ definition: membershipItem, key: { user_id: id } }),
  workspace: (id) => ({ definition: workspaceItem, key: { id } }),
  role: (id) => ({ definition: ownRoleItem, key: { id } }),
  api_key: (id) => ({ definition: apiKeyItem, key: { id } }),
} as const satisfies Record<ReferableType, (id: string) => { definition: ItemDefinition; key: Record<string, string> }>;

/** Statuses of what is there, and does nothing any more or for the time being. */
const IDLE: ReadonlySet<string> = new Set(["archived", "purging", "suspended", "deleting", "revoked", "expired"]);

/** Only what has the form of an id is looked for. */
const ID = /^[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}$/;

/**
 * How each reference stands now, by strong reads.
 * @param may who asks: what is not theirs to read is not called by its name
 */
export async function referred(
  tenant: TenantTable,
  references: readonly Reference[],
  may: (permission: NamesThings) => boolean,
) {
  const wanted = references.filter(({ id }) => ID.test(id));
  const reads = wanted.map(({ type, id }): Read => ({ ...items[type](id), tenant: tenant.tenant }));
  const read = await tenant.table.batch(reads);
  const found = new Map(wanted.map((one, index) => [one, read[index]]));
  return references.map((one) => {
    const there = foundOf(one, found.get(one));
    return {
      ...{ path: one.path, type: one.type, id: one.id },
      name: may(namesThings[one.type]) ? (there?.name ?? null) : null,
      ...standingOf(one, there),
    };
  });
}

function foundOf({ type, id }: Reference, item: Readonly<Record<string, unknown>> | undefined): Found | undefined {
  if (type === "role" && isBuiltInRole(id)) return { name: id };
  // Whoever was removed is no member any more.
  if (item === undefined || item.status === "removed") return undefined;
  const { name = null, status } = item as { readonly name?: string; readonly status?: string };
  return { name, idle: status !== undefined && IDLE.has(status) ? `is ${status}` : undefined };
}
