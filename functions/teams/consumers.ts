import type { Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { forgetMembers } from "./members/forget.ts";

/** Of a team that a directory kept, the room of directories does it, as roles come by such a team. */
export async function followDeletion(
  event: Envelope,
  deps: { readonly table: Table; readonly clock: Clock },
): Promise<void> {
  if (event.data.directory !== true) await forgetMembers(event, deps);
}
