import { beforeAll, describe, expect, it } from "vitest";
import { archiveExpired, forgetMembers } from "../../../functions/workspaces/consumers.ts";
import { newMember, workspaceExpiry, workspaceMemberItem } from "../../../functions/workspaces/store.ts";
import { auditItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
});

const inSeconds = (seconds: number) => timestamp(addSeconds(new Date(), seconds));
const temporary = async (seconds: number) => {
  const body = { name: unique("Space"), workspace_type: "temporary", expires_at: inSeconds(seconds) };
  return (await company.call("POST", "/workspaces", body)).body;
};
/** When the workspace comes due: never, or once. */
const dues = async (id: string) =>
  (await dueOf(company.organization_id)).filter(({ ref }) => ref === id).map(({ kind, at }) => ({ kind, at }));
/** What the deployed function does when the workspace is due, at this time. */
const comeDue = (ref: string, at: string, now: Date) => {
  const deps = { table: stackTable(), clock: { now: () => now } };
  const worker = dueWorker(deps.table, { [workspaceExpiry.kind]: (due: Due) => archiveExpired(due, deps) });
  return worker({ tenant: company.organization_id, kind: workspaceExpiry.kind, ref, at });
};
const read = async (id: string) => (await company.call("GET", `/workspaces/${id}`)).body;

describe("a temporary workspace", () => {
  it("is archived when its time has come, not before, and on record", async () => {
    const [soon, later] = [await temporary(3_600), await temporary(7_200)];
    const table = stackTable();
    const now = addSeconds(new Date(), 3_660);
    // What was said before it got another time is of no account.
    await comeDue(later.id, inSeconds(3_600), now);
    await Promise.all(Array.from({ length: 3 }, () => comeDue(soon.id, soon.expires_at, now)));
    expect(await read(soon.id)).toMatchObject({ status: "archived", archived_at: timestamp(now) });
    expect((await read(later.id)).status).toBe("active");
    expect(await dues(soon.id)).toEqual([]);
    expect(await dues(later.id)).toEqual([{ kind: "workspace_expiry", at: later.expires_at }]);
    const { items } = await table
      .of(company.organization_id)
      .page(auditItem, { index: "gsi2", of: { resource_key: `workspace:${soon.id}` }, limit: 10 });
    const archived = items.filter(({ action }) => action === "workspace.archived");
    expect(archived).toHaveLength(1);
    expect(archived[0]?.actor).toEqual({ type: "system", id: "workspace_expiry" });
  });

  it("is due once, at the time it has now, from the transaction that says so, and not any more when it has ended", async () => {
    const { id, expires_at } = await temporary(3_600);
    const at = (time: string) => [{ kind: "workspace_expiry", at: time }];
    expect(await dues(id)).toEqual(at(expires_at));
    const next = inSeconds(9_000);
    await company.call("PATCH", `/workspaces/${id}`, { expires_at: next });
    expect(await dues(id)).toEqual(at(next));
    await company.call("POST", `/workspaces/${id}/archive`);
    expect(await dues(id)).toEqual([]);
    expect((await company.call("POST", `/workspaces/${id}/restore`)).status).toBe(200);
    expect(await dues(id)).toEqual(at(next));
    expect((await company.call("DELETE", `/workspaces/${id}`)).status).toBe(204);
    expect(await dues(id)).toEqual([]);
  });

  it("whose time is over is restored only with a new one", async () => {
    const { id, expires_at: over } = await temporary(2);
    await comeDue(id, over, addSeconds(new Date(), 3));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const refused = await company.call("POST", `/workspaces/${id}/restore`);
    expect([refused.status, refused.body.issues[0].path]).toEqual([422, "expires_at"]);
    const restored = await company.call("POST", `/workspaces/${id}/restore`, { expires_at: inSeconds(600) });
    expect([restored.status, restored.body.status]).toEqual([200, "active"]);
  });
});

describe("the members of a deleted workspace", () => {
  it("are all forgotten, however many, and a second delivery of the event changes nothing", async () => {
    const tenant = stackTable().of(company.organization_id);
    const at = new Date();
    const workspace_id = newId("workspace", at);
    const kept = newId("workspace", at);
    for (let i = 0; i < 3; i++) {
      const members = Array.from({ length: 40 }, () => newMember(workspace_id, newId("user", at), "member", "x", at));
      await tenant.transact(members.map((member) => tenant.writes.create(workspaceMemberItem, member)));
    }
    await tenant.transact([
      tenant.writes.create(workspaceMemberItem, newMember(kept, newId("user", at), "owner", "x", at)),
    ]);
    const event = {
      id: newId("event", at),
      type: "workspace.deleted",
      version: 1,
      organization_id: company.organization_id,
      actor: { type: "user", id: company.user_id },
      occurred_at: timestamp(at),
      trace_id: "req",
      data: { workspace_id, name: "Gone" },
    } as const;
    for (const _ of [1, 2]) await forgetMembers(event, { table: stackTable() });
    const left = async (id: string) =>
      (await tenant.page(workspaceMemberItem, { of: { workspace_id: id }, limit: 10 })).items.length;
    expect([await left(workspace_id), await left(kept)]).toEqual([0, 1]);
  });
});
