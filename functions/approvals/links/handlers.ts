import { changeWrites } from "../../../shared/change/commit.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { wordOf } from "../deciding/decide.ts";
import { whole } from "../deciding/shown.ts";
import type { ApprovalsDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { openLink, useWrites } from "./open.ts";

type Ops = typeof operations;

/** What the page behind a link shows. Only who was sent the mail can ask. */
export const lookUp: Handler<Ops["lookUp"], ApprovalsDeps> = async ({ body, at, request: { ip } }, deps) => {
  const { approval, organization, person, user } = await openLink(deps.table, body.token, { ip, at });
  return {
    ...(await whole(approval, person, at, deps)),
    organization_name: organization.name,
    email: user.email,
  };
};

/** Decides as the approver whom the link was mailed to, once. */
export const decideByLink: Handler<Ops["decideByLink"], ApprovalsDeps> = (call, deps) => {
  const { at, body, request, trace } = call;
  return updateWithRetry(undefined, async () => {
    const open = await openLink(deps.table, body.token, { ip: request.ip, at });
    const { table, approval, person } = open;
    const { user_id } = person;
    const { decision, comment = null } = body;
    const { next, writes, event } = wordOf(table, approval, { user_id, decision, comment, at, by_link: true });
    const context = {
      tenant: table.tenant,
      actor: { type: "user", id: user_id },
      at,
      trace_id: trace.trace_id,
      request,
      audit_days: approval.audit_days,
    } as const;
    const change = { writes: [...useWrites(open), ...writes], events: [event] } as const;
    return call.answer(changeWrites(deps.table, context, change), await whole(next, person, at, deps));
  });
};
