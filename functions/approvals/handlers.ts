import { type Caller, userIdOf } from "../../shared/access/caller.ts";
import type { Blobs } from "../../shared/blobs/blobs.ts";
import { draft } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import { Problem, wrongState } from "../../shared/errors.ts";
import type { Call, Handler } from "../../shared/http/call.ts";
import { membershipItem } from "../../shared/identity/items.ts";
import { newEtag } from "../../shared/ids.ts";
import { personOf } from "./asking/approvers.ts";
import { aboutApproval, subjectOf } from "./asking/request.ts";
import { approvalEvents } from "./events.ts";
import type { Decision } from "./model.ts";
import type { operations } from "./operations.ts";
import type { Person } from "./rules/approvers.ts";
import { decided, type Refusal, refusalOf } from "./rules/deciding.ts";
import { type Approval, approvalItem, changeWrite, endWrites } from "./store.ts";

type Ops = typeof operations;

export interface ApprovalsDeps {
  readonly table: Table;
  readonly blobs: Pick<Blobs, "load">;
}

/** The caller as approvals see them; undefined for one that is no person: an API key or an operator decides nothing. */
async function callerAs(
  table: TenantTable,
  { principal }: Pick<Caller, "principal">,
  approvals: readonly Pick<Approval, "approvers">[],
): Promise<Person | undefined> {
  const user_id = userIdOf(principal);
  if (user_id === undefined) return undefined;
  const membership = await table.get(membershipItem, { user_id });
  if (membership?.status !== "active") return undefined;
  return personOf(
    table,
    membership,
    approvals.map(({ approvers }) => approvers),
  );
}

/** An approval as the API shows it to somebody at a time. */
function shown(approval: Approval, person: Person | undefined, at: Date) {
  const {
    payload: _,
    asked: __,
    audit_days: ___,
    trace_id: ____,
    etag: _____,
    kept_until: ______,
    ...record
  } = approval;
  return { ...record, may_decide: person !== undefined && refusalOf(approval, person, at) === undefined };
}

async function whole(approval: Approval, person: Person | undefined, at: Date, { blobs }: ApprovalsDeps) {
  return { ...shown(approval, person, at), payload: JSON.parse(await blobs.load(approval.payload)) as unknown };
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
    const { status, decisions, given } = decided(read, {
      user_id: person.user_id,
      decision,
      comment,
      at: timestamp(at),
    });
    const etag = newEtag(at);
    const set = { status, decisions, decided_at: status === "pending" ? null : timestamp(at), etag };
    const change =
      status === "pending"
        ? [changeWrite(own, read, { decisions, etag })]
        : endWrites(own, read, { status, decisions, etag, at });
    const about = { ...aboutApproval(read), user_id: person.user_id };
    const event =
      status === "rejected"
        ? draft(approvalEvents, "approval.rejected", subjectOf(read), about)
        : draft(approvalEvents, status === "approved" ? "approval.approved" : "approval.given", subjectOf(read), {
            ...about,
            given,
            required: read.required,
          });
    return call.commit(
      { writes: [call.stillPermitted(), ...change], events: [event] },
      await whole({ ...read, ...set }, person, at, deps),
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
