import { commitChange } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { AUDIT_DAYS } from "../../../shared/limits/retention.ts";
import { ssoEvents } from "../events.ts";
import type { Place, Refusal } from "../model.ts";
import { type Connection, type SignIn, signInItem } from "../store.ts";
import { KEPT_FOR_PROOF } from "./proved.ts";
import { remembered } from "./writes.ts";

export interface Refused {
  readonly signIn: Place & Pick<SignIn, "id">;
  /** Undefined where it is gone. */
  readonly connection: Pick<Connection, "name"> | undefined;
  readonly reason: Refusal;
  readonly email: string | null;
}

/** The write by which what is stored of a sign-in ends. */
export const ending = (table: Table, { id, status }: Pick<SignIn, "id" | "status">): Write =>
  table
    .of(PLATFORM)
    .writes.transition(
      signInItem,
      { id },
      { from: [status], set: { status: "spent" }, remove: KEPT_FOR_PROOF },
      () => new Problem("conflict", "This sign-in has been used already. Begin again."),
    );

/**
 * Ends a sign-in that lets nobody in; the organization sees it in its history and its audit trail.
 * @param stored what ends with it
 */
export async function endRefused(
  { at, request, trace }: Pick<Call<OperationShape>, "at" | "request" | "trace">,
  table: Table,
  { signIn, connection, reason, email }: Refused,
  stored: readonly Write[] = [],
): Promise<void> {
  const { organization_id: tenant, connection_id } = signIn;
  const name = connection?.name ?? "";
  const context = {
    tenant,
    actor: { type: "system", id: "anonymous" },
    at,
    trace_id: trace.trace_id,
    request,
    audit_days: AUDIT_DAYS,
  } as const;
  await commitChange(table, context, {
    writes: [
      ...stored,
      remembered(table, signIn, { outcome: "refused", reason, user_id: null, email }, { at, ip: request.ip }),
    ],
    events: [
      draft(ssoEvents, "sso.sign_in_refused", { id: connection_id, name }, { connection_id, name, reason }, { reason }),
    ],
  });
}
