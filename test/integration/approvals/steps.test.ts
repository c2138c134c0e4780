import { beforeAll, expect, it } from "vitest";
import { doDue } from "../../../functions/approvals/consumers.ts";
import { type Approval, approvalItem } from "../../../functions/approvals/store.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import type { Due } from "../../../shared/due/item.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { approvalLink, pendingApproval } from "../../support/approvals.ts";
import { dueOf } from "../../support/due.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let ada: TestMember;
let eve: TestMember;
beforeAll(async () => {
  company = await registerCompany();
  [ada, eve] = await Promise.all([addMember(company, "org_admin"), addMember(company, "org_owner")]);
});

const own = () => stackTable().of(company.organization_id);
const stored = async ({ id }: Approval) => {
  const approval = await own().get(approvalItem, { id });
  if (approval === undefined) throw new Error(`${id} is gone`);
  return approval;
};

/** What has been told of an approval, in the order of time. */
async function toldOf({ id }: Approval) {
  const events: { type: string; data: Record<string, unknown> }[] = [];
  const of = { day: new Date().toISOString().slice(0, 10) };
  for await (const { envelope } of own().all(outboxItem, { of }))
    if (envelope.data.approval_id === id) events.push(envelope);
  return events;
}

/** Does what is due so many seconds after it was asked, twice at the same moment, as two messages would. */
async function later(approval: Approval, seconds: number) {
  const now = new Date(Date.parse(approval.created_at) + seconds * 1_000);
  const due: Due = {
    tenant: company.organization_id,
    kind: "approval_due",
    ref: approval.id,
    at: approval.expires_at,
  };
  const [first] = await Promise.all([1, 2].map(() => doDue(due, { table: stackTable(now) })));
  return first;
}

const after = ({ created_at }: Approval, seconds: number) => new Date(Date.parse(created_at) + seconds * 1_000);

it("reminds once, asks others from the escalation on who may decide beside the first, and expires", async () => {
  const approval = await pendingApproval(company, {
    approvers: { users: [ada.user_id] },
    remind_after_seconds: 100,
    escalate: { after_seconds: 200, to: { roles: ["org_owner"] } },
    expires_in_seconds: 3_000,
  });
  const [due] = (await dueOf(company.organization_id)).filter(({ ref }) => ref === approval.id);
  expect(due?.at).toBe(after(approval, 100).toISOString());
  expect(await later(approval, 50)).toEqual(after(approval, 100));
  await later(approval, 100);
  expect((await stored(approval)).reminder?.done_at).not.toBeNull();
  const early = await eve.call("POST", `/approvals/${approval.id}/approve`);
  expect(early.status).toBe(403);
  await later(approval, 200);
  const escalated = await stored(approval);
  // Whoever has started the run is an owner too, and does not count.
  expect(escalated.asked).toEqual([ada.user_id, eve.user_id]);
  expect(await later(approval, 300)).toEqual(after(approval, 3_000));
  expect((await toldOf(approval)).map(({ type, data }) => [type, data.user_ids, data.may_decide])).toEqual([
    ["approval.reminded", undefined, undefined],
    ["approval.escalated", [eve.user_id], 1],
  ]);
  const link = await approvalLink(company, approval, eve.user_id);
  const { status } = await eve.call("POST", "/approvals/decide-by-link", { token: link, decision: "approved" });
  expect(status).toBe(200);
  expect(await later(approval, 4_000)).toBeUndefined();
  expect((await stored(approval)).status).toBe("approved");
});

it("goes on where nobody is whom the escalation names, and says so", async () => {
  const approval = await pendingApproval(company, {
    approvers: { users: [ada.user_id] },
    escalate: { after_seconds: 100, to: { users: [company.user_id] } },
  });
  await later(approval, 100);
  expect((await toldOf(approval)).map(({ data }) => data)).toMatchObject([{ user_ids: [], may_decide: 0 }]);
  const { body } = await company.call("GET", `/audit/resources/approval/${approval.id}`);
  expect(body.items[0]).toMatchObject({ action: "approval.escalated", outcome: "failed" });
  expect((await ada.call("POST", `/approvals/${approval.id}/approve`)).status).toBe(200);
});

it("whoever decides at the moment of the escalation is not lost, nor is the escalation told twice", async () => {
  for (let round = 0; round < 4; round++) {
    const approval = await pendingApproval(company, {
      approvers: { users: [ada.user_id, eve.user_id] },
      required: 2,
      escalate: { after_seconds: 100, to: { roles: ["org_owner"] } },
    });
    const [a, b] = await Promise.all([
      ada.call("POST", `/approvals/${approval.id}/approve`),
      eve.call("POST", `/approvals/${approval.id}/approve`),
      later(approval, 100),
    ]);
    expect([a.status, b.status]).toEqual([200, 200]);
    expect((await stored(approval)).status).toBe("approved");
    const types = (await toldOf(approval)).map(({ type }) => type);
    expect(types.filter((type) => type === "approval.escalated").length).toBeLessThanOrEqual(1);
  }
});
