import { eventWrites } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { isGone, organizationItem, type Session, type User } from "../../../shared/identity/items.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { authEvents } from "../events.ts";

/** Organizations in which one person may be the owner who still signs in with a password. */
export const GLASSES_PER_USER = 5;

/** An event and its entry in each of them. */
export const LARGEST_BROKEN_GLASS = 2 * GLASSES_PER_USER;

/**
 * What tells the organizations that enforce sign-in through a provider that the one owner who may has signed in with a
 * password: in their own trails, by the transaction that opens the session. Reads nothing for anybody else.
 */
export async function brokenGlass(
  table: Table,
  user: User,
  session: Session,
  { at, request, trace }: Pick<Call<OperationShape>, "at" | "request" | "trace">,
): Promise<Write[]> {
  const { break_glass_in = [], id: user_id } = user;
  if (break_glass_in.length === 0) return [];
  const found = await table.batch(break_glass_in.map((id) => table.of(id).read(organizationItem, {})));
  return found.flatMap((organization) => {
    if (organization?.break_glass_user_id !== user_id || isGone(organization)) return [];
    const context = {
      tenant: organization.id,
      actor: { type: "user", id: user_id },
      at,
      trace_id: trace.trace_id,
      request,
      audit_days: retentionOf(organization).audit_days,
    } as const;
    return eventWrites(table, context, [
      draft(authEvents, "session.break_glass_used", { id: session.id }, { user_id, session_id: session.id }),
    ]);
  });
}
