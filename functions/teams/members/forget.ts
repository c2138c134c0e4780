import type { Envelope } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { replacePlaces, replaceTree, teamMemberItem, teamTreeItem, userTeamsItem } from "../store.ts";

/** Members forgotten at a time: two items each of a transaction's hundred. */
const AT_A_TIME = 40;

/**
 * Removes the members of a deleted team from it, and last what says that it is being forgotten. Nobody is added any
 * more; broken off and repeated it does the rest, and a second delivery finds nothing.
 * @param before what is done about some of them before they are removed, which may be done twice
 */
export async function forgetMembers(
  event: Envelope,
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  before: (user_ids: readonly string[]) => Promise<void> = async () => {},
): Promise<void> {
  const { team_id } = event.data;
  if (typeof team_id !== "string") return;
  const tenant = table.of(event.organization_id);
  for (let left = true; left; ) {
    left = await updateWithRetry(undefined, async () => {
      const { items } = await tenant.page(teamMemberItem, { of: { team_id }, limit: AT_A_TIME });
      if (items.length === 0) return false;
      await before(items.map(({ user_id }) => user_id));
      const places = await table.batch(items.map(({ user_id }) => tenant.read(userTeamsItem, { user_id })));
      const writes = items.flatMap(({ user_id }, i) => {
        const read = places[i];
        const teams = (read?.teams ?? []).filter((place) => place.team_id !== team_id);
        return [
          tenant.writes.remove(teamMemberItem, { team_id, user_id }, {}),
          ...(read === undefined ? [] : [replacePlaces(tenant, user_id, read, teams, clock.now())]),
        ];
      });
      await tenant.transact(writes);
      return true;
    });
  }
  await updateWithRetry(undefined, async () => {
    const tree = await tenant.get(teamTreeItem, {});
    if (!tree?.ended.includes(team_id)) return;
    await tenant.transact([
      replaceTree(tenant, tree, { ended: tree.ended.filter((id) => id !== team_id) }, clock.now()),
    ]);
  });
}
