import { expect, it } from "vitest";
import { doDue, followRun } from "../../../functions/approvals/consumers.ts";
import { cancelOf, endPending } from "../../../functions/approvals/ending/end.ts";
import { approvalItem, approvalLinkItem } from "../../../functions/approvals/store.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { newId } from "../../../shared/ids.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { type Company, eventually, registerCompany } from "../../support/api.ts";
import { approvalLink, pendingApproval } from "../../support/approvals.ts";
import { dueOf } from "../../support/due.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

const eventsOf = async ({ organization_id }: Company, approval_id: string) => {
  const types: string[] = [];
  const of = { day: new Date().toISOString().slice(0, 10) };
  for await (const { envelope } of stackTable().of(organization_id).all(outboxItem, { of }))
    if (envelope.data.approval_id === approval_id) types.push(envelope.type);
  return types.sort();
};
const placesTaken = async ({ organization_id }: Company) =>
  (await stackTable().of(organization_id).get(quotaItem, { resource: "approvals" }))?.used ?? 0;

it("of ten who approve at once as many count as it takes, and the run is told once", async () => {
  const company = await registerCompany();
  const people = await Promise.all(Array.from({ length: 10 }, () => addMember(company, "org_admin")));
  const { id } = await pendingApproval(company, { required: 3 });
  expect(await placesTaken(company)).toBe(1);
  const answers = await Promise.all(people.map((one) => one.call("POST", `/approvals/${id}/approve`)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, ...Array(7).fill(409)]);
  const approval = await stackTable().of(company.organization_id).get(approvalItem, { id });
  expect(approval?.status).toBe("approved");
  expect(approval?.decisions.length).toBe(3);
  expect(await eventsOf(company, id)).toEqual(["approval.approved", "approval.given", "approval.given"]);
  expect(await placesTaken(company)).toBe(0);
  expect((await dueOf(company.organization_id)).filter(({ ref }) => ref === id)).toEqual([]);
});

it("who decides, who lets it expire and who cancels it at the same moment: one of them ends it", async () => {
  const company = await registerCompany();
  const ada = await addMember(company, "org_admin");
  const own = stackTable().of(company.organization_id);
  for (let round = 0; round < 5; round++) {
    const { id, run_id } = await pendingApproval(company);
    const at = new Date();
    const [answer] = await Promise.all([
      ada.call("POST", `/approvals/${id}/approve`),
      endPending(own, id, "expired", at),
      cancelOf(own, run_id, at),
    ]);
    const status = (await own.get(approvalItem, { id }))?.status;
    expect(answer?.status).toBe(status === "approved" ? 200 : 409);
    expect(await eventsOf(company, id)).toEqual([`approval.${status}`]);
  }
  expect(await placesTaken(company)).toBe(0);
});

it("expires when its time has come, not before, and once", async () => {
  const company = await registerCompany();
  await addMember(company, "org_admin");
  const table = stackTable();
  const soon = await pendingApproval(company, { expires_in_seconds: 60 });
  const due = { tenant: company.organization_id, kind: "approval_due", ref: soon.id, at: soon.expires_at };
  expect(await doDue(due, { table })).toEqual(new Date(soon.expires_at));
  const past = await pendingApproval(company, { expires_in_seconds: 0 });
  await Promise.all([1, 2].map(() => doDue({ ...due, ref: past.id }, { table })));
  expect(await eventsOf(company, past.id)).toEqual(["approval.expired"]);
  const answer = await company.call("GET", `/approvals/${past.id}`);
  expect(answer.body).toMatchObject({ status: "expired", may_decide: false });
});

it("goes with its run, and the links to it", async () => {
  const company = await registerCompany();
  const ada = await addMember(company, "org_admin");
  const own = stackTable().of(company.organization_id);
  const approval = await pendingApproval(company);
  await approvalLink(company, approval, ada.user_id);
  const told = (type: string): Envelope => ({
    id: newId("event", new Date()),
    type,
    version: 1,
    organization_id: company.organization_id,
    actor: { type: "system", id: "test" },
    occurred_at: approval.created_at,
    trace_id: "trace",
    data: { run_id: approval.run_id },
  });
  await followRun(told("run.stopped"), { table: stackTable() });
  expect((await own.get(approvalItem, { id: approval.id }))?.status).toBe("cancelled");
  for (let times = 0; times < 2; times++) await followRun(told("run.deleted"), { table: stackTable() });
  const link = { approval_id: approval.id, user_id: ada.user_id };
  expect([await own.get(approvalItem, { id: approval.id }), await own.get(approvalLinkItem, link)]).toEqual([
    undefined,
    undefined,
  ]);
});

it("that its run's end has missed gives its place back when the run is deleted", async () => {
  const company = await registerCompany();
  await addMember(company, "org_admin");
  const own = stackTable().of(company.organization_id);
  const { id, run_id } = await pendingApproval(company);
  await eventually(async () => {
    await followRun({ organization_id: own.tenant, type: "run.deleted", data: { run_id } } as never, {
      table: stackTable(),
    });
    return (await own.get(approvalItem, { id })) === undefined ? true : undefined;
  }, "it is gone");
  expect(await placesTaken(company)).toBe(0);
  expect((await dueOf(company.organization_id)).filter(({ ref }) => ref === id)).toEqual([]);
});

it("takes no more than the plan has room for", async () => {
  const company = await registerCompany();
  await addMember(company, "org_admin");
  const own = stackTable().of(company.organization_id);
  await own.transact([own.writes.put(quotaItem, { resource: "approvals", used: 99 })]);
  const at_once = await Promise.allSettled([1, 2, 3, 4].map(() => pendingApproval(company)));
  expect(at_once.filter(({ status }) => status === "fulfilled").length).toBe(1);
  expect(at_once.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []))).toEqual(
    Array(3).fill("quota_exceeded"),
  );
});
