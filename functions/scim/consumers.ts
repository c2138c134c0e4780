import { commitChange, systemContext } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { forgetMembers } from "../teams/public.ts";
import { forgetGroup, forgetLeaver } from "./forgetting/forget.ts";
import { membersOf } from "./groups/read.ts";
import { applyRoles, type Judging } from "./groups/roles.ts";
import { scimGroupItem } from "./store.ts";

interface Deps {
  readonly table: Table;
  readonly clock: Clock;
}

/** Whoever is gone is none of the directory's people. */
export async function forget({ organization_id, data: { user_id } }: Envelope, { table }: Deps): Promise<void> {
  if (typeof user_id === "string") await forgetLeaver(table, organization_id, user_id);
}

/**
 * Judges the roles anew of those whom a change of a group is about. The request that changed it has done so already,
 * unless it was broken off; what is true is read, so that this may come twice, late and in any order.
 */
export async function followGroup(event: Envelope, { table, clock }: Deps): Promise<void> {
  const { organization_id: tenant, type, data } = event;
  const { team_id, user_id, changed_fields, directory } = data;
  if (typeof team_id !== "string") return;
  const own = table.of(tenant);
  const at = clock.now();
  const judging: Judging = {
    table,
    tenant,
    at,
    async commit(change) {
      await commitChange(
        table,
        systemContext(tenant, "scim_roles", at, await auditDaysOf(own), event.trace_id),
        change,
      );
    },
  };
  if (type === "team.deleted") {
    if (directory !== true) return;
    await forgetGroup(table, tenant, team_id);
    await forgetMembers(event, { table, clock }, (ids) => applyRoles(judging, ids, { without: team_id }));
    return;
  }
  if ((await own.get(scimGroupItem, { id: team_id })) === undefined) return;
  if (typeof user_id === "string") await applyRoles(judging, [user_id]);
  if (Array.isArray(changed_fields) && changed_fields.includes("name"))
    await applyRoles(judging, await membersOf(own, team_id));
}
