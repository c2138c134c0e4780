import type { Principal } from "../../../shared/access/principal.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { ownerOf, ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { Definition } from "../model.ts";
import { agentItem, type Parts, type StoredAgent } from "../store.ts";
import { placeWrites, takeName } from "./changes.ts";

/** Who makes an agent, where and when. */
export interface Maker {
  readonly tenant: string;
  readonly actor: Principal;
  readonly at: Date;
}

/** A new agent as it is kept: a draft that nobody uses, owned by whoever makes it. */
export const newAgent = (
  { tenant, actor, at }: Maker,
  id: string,
  fields: Omit<Definition, "system_prompt"> & Pick<StoredAgent, "system_prompt" | "workspace_ids">,
  parts: Parts,
): StoredAgent => ({
  ...fields,
  id,
  organization_id: tenant,
  status: "draft",
  active_version: null,
  latest_version: 0,
  definition_number: 1,
  versioned_definition: null,
  uses: 0,
  contexts: parts.contexts.length,
  tools: parts.tools.length,
  owner_id: ownerOf(actor),
  created_by: actor.id,
  created_at: timestamp(at),
  updated_at: timestamp(at),
  archived_at: null,
  purge_at: null,
  etag: newEtag(at),
});

/** The writes that make it: itself, its name, its places in workspaces, its owner. Its place in the plan is taken apart. */
export function foundAgent(table: Table, { tenant, actor, at }: Maker, agent: StoredAgent): Write[] {
  const own = table.of(tenant);
  return [
    own.writes.create(agentItem, agent),
    takeName(own, agent.id, agent.name),
    ...placeWrites(table, tenant, { after: agent, by: actor.id, at }),
    ...ownerWrites(own, { kind: "agent", id: agent.id }, null, agent.owner_id, "proved"),
  ];
}

/** What an agent begins with that has neither contexts nor tools. */
export const NO_PARTS: Parts = { contexts: [], tools: [] };
