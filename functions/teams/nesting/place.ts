import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { badReference } from "../../../shared/errors.ts";
import { replaceTree, teamItem, teamTreeItem } from "../store.ts";
import { placed } from "./rules/tree.ts";

/**
 * The writes that put a team, with what is below it, under a parent that exists, or under none. They fail with
 * `precondition_failed` where the tree has changed meanwhile: then it is read and judged anew.
 * @throws Problem `conflict` where it may not stand there
 */
export async function placeUnder(
  tenant: TenantTable,
  id: string,
  parent_id: string | null,
  at: Date,
): Promise<Write[]> {
  const tree = await tenant.get(teamTreeItem, {});
  const parents = placed(tree?.parents ?? {}, id, parent_id);
  const exists =
    parent_id === null
      ? []
      : [tenant.writes.check(teamItem, { id: parent_id }, { exists: true }, () => badReference("parent_id"))];
  return [...exists, replaceTree(tenant, tree, { parents }, at)];
}
