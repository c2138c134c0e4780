import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { notFound } from "../../../shared/errors.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import { teamEvents } from "../events.ts";
import { teamLimits } from "../model.ts";
import { changeTeam, freeName, listed, replaceTree, type Team, teamItem, teamTreeItem } from "../store.ts";
import { childrenOf, removed } from "./rules/tree.ts";

/** Items at most: each child, and the team, its name, its place in the plan, the tree, the proof, event, audit entry, answer. */
export const LARGEST_DELETION = teamLimits.children + 8;

/**
 * The team is gone with this transaction: its name and its place in the plan are free, nobody belongs to it any more, and
 * the teams under it (`children`) stand under its parent. What is left of its members follows (`consumers.ts`).
 */
export async function endOfTeam(
  table: Table,
  tenant: TenantTable,
  read: Team,
  at: Date,
): Promise<{ readonly writes: Write[]; readonly event: EventDraft; readonly children: readonly string[] }> {
  const { id, name, parent_id, directory } = read;
  const tree = await tenant.get(teamTreeItem, {});
  const children = childrenOf(tree?.parents ?? {}, id);
  const found = await table.batch(children.map((child) => tenant.read(teamItem, { id: child })));
  const stamp = { updated_at: timestamp(at), etag: newEtag(at) };
  const next = { parents: removed(tree?.parents ?? {}, id), ended: [...(tree?.ended ?? []), id] };
  return {
    children,
    writes: [
      tenant.writes.remove(teamItem, { id }, { equals: { etag: read.etag } }, (old) =>
        old === undefined ? notFound() : lostRace(),
      ),
      freeName(tenant, read),
      giveQuota(tenant, "teams"),
      replaceTree(tenant, tree, next, at),
      ...found.flatMap((child) =>
        child === undefined ? [] : [changeTeam(tenant, child, { ...listed(child.name, parent_id), ...stamp })],
      ),
    ],
    event: draft(teamEvents, "team.deleted", { id, name }, { team_id: id, name, parent_id, children, directory }),
  };
}
