import { type Caller, userIdOf } from "../../shared/access/caller.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { Problem, wrongState } from "../../shared/errors.ts";
import type { Call, Handler } from "../../shared/http/call.ts";
import { personIn } from "./asking/approvers.ts";
import { wordOf } from "./deciding/decide.ts";
import { shown, whole } from "./deciding/shown.ts";
import type { ApprovalsDeps } from "./deps.ts";
import type { Decision } from "./model.ts";
import type { operations } from "./operations.ts";
import { type Refusal, refusalOf } from "./rules/deciding.ts";
import { type Approval, approvalItem } from "./store.ts";

export { decideByLink, lookUp } from "./links/handlers.ts";

type Ops = typeof operations;

/** The caller as approvals see them; undefined for one that is no person: an API key or an operator decides nothing. */
async function callerAs(table: TenantTable, { principal }: Pick<Caller, "principal">, approvals: readonly Approval[]) {
  const user_id = userIdOf(principal);
  return user_id === undefined ? undefined : personIn(table, user_id, approvals);
}

export const list: Handler<Ops["list"], ApprovalsDeps> = async ({ caller, query, at }, { table }) => {
  const own = table.of(caller.organization.id);
  const { status, run_id, ...rest } = query;
  const request = { ...rest, newest_first: true };
  const page = await (run_id !== undefined
    ? own.page(approvalItem, { ...request, index: "gsi2", of: { run_id } })
    : status !== undefined
      ? own.page(approvalItem, { ...request, index: "gsi1", of: { status } })
      : own.page(approvalItem, { ...request, index: "gsi3", of: {} }));
  const person = await callerAs(own, caller, page.items);
  return { ...page, items: page.items.map((approval) => shown(approval, person, at)) };
};

export const get: Handler<Ops["get"], ApprovalsDeps> = async (call, deps) => {
  const approval = await call.load();
  const own = deps.table.of(call.caller.organization.id);
  return whole(approval, await callerAs(own, call.caller, [approval]), call.at, deps);
};

export const approve: Handler<Ops["approve"], ApprovalsDeps> = (call, deps) =>
  decide(call, "approved", call.body.comment ?? null, deps);

export const reject: Handler<Ops["reject"], ApprovalsDeps> = (call, deps) =>
  decide(call, "rejected", call.body.comment, deps);

/** Two who decide at the same moment are taken one after the other: the second decides what the first has left. */
function decide(
  call: Call<Ops["approve"]> | Call<Ops["reject"]>,
  decision: Decision["decision"],
  comment: string | null,
  deps: ApprovalsDeps,
) {
  const { caller, at } = call;
  const own = deps.table.of(caller.organization.id);
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    const person = await callerAs(own, caller, [read]);
    if (person === undefined) throw new Problem("forbidden", "Only a member of the organization decides.");
    const refusal = refusalOf(read, person, at);
    if (refusal !== undefined) throw refused(refusal, read);
    const { user_id } = person;
    const { next, writes, event } = wordOf(own, read, { user_id, decision, comment, at, by_link: false });
    return call.commit(
      { writes: [call.stillPermitted(), ...writes], events: [event] },
      await whole(next, person, at, deps),
    );
  });
}

function refused(refusal: Refusal, { status }: Approval): Problem {
  const state = (detail: string) => new Problem("conflict", detail, { members: { state: refusal } });
  switch (refusal) {
    case "not_pending":
      return wrongState("approval", status, "pending");
    case "expired":
      return state("The time to decide is over.");
    case "decided_already":
      return state("You have decided already; each approver counts once.");
    case "own_request":
      return new Problem("forbidden", "You started the run. Somebody else has to decide.");
    case "not_an_approver":
      return new Problem("forbidden", "The step asks others: `approvers` says whom.");
  }
}
