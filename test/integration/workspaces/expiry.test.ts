import { beforeAll, describe, expect, it } from "vitest";
import { archiveExpired, forgetMembers } from "../../../functions/workspaces/consumers.ts";
import { newMember, workspaceExpiryItem, workspaceMemberItem } from "../../../functions/workspaces/store.ts";
import { auditItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { SweepFailed } from "../../../shared/events/sweep.ts";
import { organizationItem, PLATFORM } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { faultyTable } from "../../support/faulty-table.ts";
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
const reminders = async () => {
  const found: string[] = [];
  for await (const one of stackTable().of(PLATFORM).all(workspaceExpiryItem, { of: {} }))
    if (one.organization_id === company.organization_id) found.push(`${one.workspace_id} ${one.expires_at}`);
  return found;
};
const read = async (id: string) => (await company.call("GET", `/workspaces/${id}`)).body;

describe("a temporary workspace", () => {
  it("is archived when its time has come, not before, and on record", async () => {
    const [soon, later] = [await temporary(3_600), await temporary(7_200)];
    const table = stackTable();
    await archiveExpired({ table }, new Date());
    expect((await read(soon.id)).status).toBe("active");
    const now = addSeconds(new Date(), 3_660);
    const sweeps = await Promise.all([archiveExpired({ table }, now), archiveExpired({ table }, now)]);
    expect(sweeps[0] + sweeps[1]).toBeGreaterThanOrEqual(1);
    expect(await read(soon.id)).toMatchObject({ status: "archived", archived_at: timestamp(now) });
    expect((await read(later.id)).status).toBe("active");
    const { items } = await table
      .of(company.organization_id)
      .page(auditItem, { index: "gsi2", of: { resource_key: `workspace:${soon.id}` }, limit: 10 });
    const archived = items.filter(({ action }) => action === "workspace.archived");
    expect(archived).toHaveLength(1);
    expect(archived[0]?.actor).toEqual({ type: "system", id: "workspace_expiry" });
    expect((await reminders()).filter((one) => one.startsWith(soon.id))).toEqual([]);
  });

  it("that cannot be archived holds up no other: it is told at the end, and archived by the next sweep", async () => {
    const [broken, other] = [await temporary(3_600), await temporary(3_700)];
    const now = addSeconds(new Date(), 3_760);
    const table = faultyTable((command, input) =>
      command === "TransactWrite" && JSON.stringify(input).includes(broken.id) ? "conflict" : undefined,
    );
    await expect(archiveExpired({ table }, now)).rejects.toThrow(SweepFailed);
    expect([(await read(broken.id)).status, (await read(other.id)).status]).toEqual(["active", "archived"]);
    await archiveExpired({ table: stackTable() }, now);
    expect((await read(broken.id)).status).toBe("archived");
  });

  it("has one reminder, which follows its changes and ends with it", async () => {
    const { id, expires_at } = await temporary(3_600);
    const of = async () => (await reminders()).filter((one) => one.startsWith(id));
    expect(await of()).toEqual([`${id} ${expires_at}`]);
    const next = inSeconds(9_000);
    await company.call("PATCH", `/workspaces/${id}`, { expires_at: next });
    expect(await of()).toEqual([`${id} ${next}`]);
    await company.call("POST", `/workspaces/${id}/archive`);
    expect(await of()).toEqual([]);
    expect((await company.call("POST", `/workspaces/${id}/restore`)).status).toBe(200);
    expect(await of()).toEqual([`${id} ${next}`]);
    expect((await company.call("DELETE", `/workspaces/${id}`)).status).toBe(204);
    expect(await of()).toEqual([]);
  });

  it("whose time is over is restored only with a new one", async () => {
    const { id } = await temporary(2);
    await archiveExpired({ table: stackTable() }, addSeconds(new Date(), 3));
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
