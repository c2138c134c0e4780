import * as organizations from "../../functions/organizations/public.ts";
import { commitChange } from "../../shared/change/commit.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { type Organization, organizationItem } from "../../shared/identity/items.ts";
import { newId } from "../../shared/ids.ts";
import { stackTable } from "./stack.ts";

type Move = (table: Table, read: Organization, at: Date) => organizations.OrganizationMove;

const moves = {
  suspend: (table, read, at) => organizations.suspension(table, read, "Unpaid", at),
  restore: organizations.restoration,
  delete: organizations.deletion,
} satisfies Record<string, Move>;

/** Moves an organization as a platform operator's request does: state, event and audit entry in one transaction. */
export async function stand(organization_id: string, move: keyof typeof moves, table = stackTable()): Promise<void> {
  const read = await table.of(organization_id).get(organizationItem, {});
  if (read === undefined) throw new Error(`there is no organization ${organization_id}`);
  const at = new Date();
  const { writes, event } = moves[move](table, read, at);
  const actor = { type: "system", id: "operator" } as const;
  const trace_id = newId("request", at);
  const context = { tenant: organization_id, actor, at, trace_id, request: null, audit_days: 400 };
  await commitChange(table, context, { writes, events: [event] });
}
