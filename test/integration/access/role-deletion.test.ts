import { beforeAll, describe, expect, it } from "vitest";
import { deleteRole } from "../../../functions/access/consumers.ts";
import { operations } from "../../../functions/access/operations.ts";
import { roleDeletion } from "../../../functions/access/store.ts";
import { operations as users } from "../../../functions/users/operations.ts";
import { accessRulesItem } from "../../../shared/access/bundle.ts";
import { ownRoleItem } from "../../../shared/access/own-roles.ts";
import { auditItem } from "../../../shared/change/items.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { callInside } from "../../security/inside.ts";
import { type Company, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { Crash, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { interrupted } from "../../support/interrupted.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
});

const own = () => stackTable().of(company.organization_id);
const send = (operation: (typeof operations)["createRole" | "removeRole"], path: string, body?: unknown) =>
  callInside(operation, path, { token: company.token, body });
const made = async (): Promise<string> =>
  (await send(operations.createRole, "/roles", { name: unique("Role"), grants: ["agents:read"] })).body.id;
const work = (role: string, table: Table = stackTable()) =>
  deleteRole(
    { tenant: company.organization_id, kind: roleDeletion.kind, ref: role, at: new Date().toISOString() },
    { table, clock: { now: () => new Date() } },
  );

/** Begins a deletion; the deployed function would go on within the minute, here the test does. */
async function begun(role: string, replacement?: string): Promise<void> {
  const query = replacement === undefined ? "" : `?replacement=${replacement}`;
  const answer = await send(operations.removeRole, `/roles/${role}${query}`);
  expect(answer.status, answer.text).toBe(202);
  const dues = (await dueOf(company.organization_id)).filter(({ ref }) => ref === role);
  expect(dues.map(({ kind }) => kind)).toEqual([roleDeletion.kind]);
  await stackTable().transact([roleDeletion.clear(own(), role)]);
}

const rolesOf = async (ids: readonly string[]) =>
  (await stackTable().batch(ids.map((user_id) => own().read(membershipItem, { user_id })))).map((one) => one?.role);

/** Audit entries about these things, by what they say was done. */
async function entriesOf(keys: readonly string[], action: string): Promise<number> {
  let count = 0;
  for (const resource_key of keys)
    for await (const entry of own().all(auditItem, { index: "gsi2", of: { resource_key } }))
      if (entry.action === action) count++;
  return count;
}

describe("the deletion of a role", () => {
  it("ends whole and told once, wherever its workers die", async () => {
    const role = await made();
    const members = await Promise.all(Array.from({ length: 3 }, () => addMember(company, role)));
    await addMember(company, role, "suspended");
    const ids = members.map(({ user_id }) => user_id);
    const roles = async () => (await own().get(quotaItem, { resource: "roles" }))?.used ?? 0;
    const before = await roles();
    await begun(role, "viewer");
    for (const dies of ["before", "after"] as const)
      for (let nth = 0; nth < 3; nth++) {
        let writes = 0;
        const table = faultyTable(onWrites(() => (writes++ === nth ? dies : undefined)));
        await work(role, table).catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
      }
    await Promise.all([work(role), work(role), work(role)]);
    expect(await rolesOf(ids)).toEqual(ids.map(() => "viewer"));
    expect(await own().get(ownRoleItem, { id: role })).toBeUndefined();
    expect((await own().get(accessRulesItem, {}))?.roles.map(({ id }) => id)).not.toContain(role);
    expect(await roles()).toBe(before - 1);
    expect(await entriesOf([`role:${role}`], "role.deleted")).toBe(1);
    const keys = ids.map((id) => `membership:${id}`);
    expect(await entriesOf(keys, "membership.role_changed")).toBe(ids.length);
    let held = 0;
    for await (const one of own().all(membershipItem, { of: {} })) if (one.role === role) held++;
    expect(held).toBe(0);
  });

  it("leaves somebody alone who has got another role meanwhile", async () => {
    const role = await made();
    const [one, two] = await Promise.all([addMember(company, role), addMember(company, role)]);
    await begun(role, "viewer");
    const table = interrupted(() =>
      callInside(users.assignRole, `/users/${one?.user_id}`, { token: company.token, body: { role: "developer" } }),
    );
    await work(role, table);
    expect(await rolesOf([one?.user_id ?? "", two?.user_id ?? ""])).toEqual(["developer", "viewer"]);
    expect(await own().get(ownRoleItem, { id: role })).toBeUndefined();
  });

  it("goes on where it was when its time was over, and looks at nobody twice", async () => {
    const role = await made();
    const members = await Promise.all(Array.from({ length: 4 }, () => addMember(company, role)));
    await begun(role, "viewer");
    const due = { tenant: company.organization_id, kind: roleDeletion.kind, ref: role, at: new Date().toISOString() };
    const deps = { table: stackTable(), clock: { now: () => new Date() } };
    const places: (string | undefined)[] = [];
    while ((await deleteRole(due, deps, { page: 3, longest_ms: -1 })) !== undefined)
      places.push((await own().get(ownRoleItem, { id: role }))?.moved_to);
    expect(places.length).toBeGreaterThan(1);
    expect(places).toEqual([...new Set(places)].toSorted());
    const ids = members.map(({ user_id }) => user_id);
    expect(await rolesOf(ids)).toEqual(ids.map(() => "viewer"));
    expect(await own().get(ownRoleItem, { id: role })).toBeUndefined();
  });

  it("goes over more members than one transaction takes", async () => {
    const role = await made();
    const { user_id } = await addMember(company, role);
    const read = await own().get(membershipItem, { user_id });
    if (read === undefined) throw new Error("the member is not there");
    const more = Array.from({ length: 60 }, (_, i) => ({
      ...read,
      user_id: `${user_id.slice(0, -2)}${String(i).padStart(2, "0")}`,
    }));
    for (let i = 0; i < more.length; i += 20)
      await own().transact(more.slice(i, i + 20).map((one) => own().writes.put(membershipItem, one)));
    await begun(role, "viewer");
    await work(role);
    const ids = more.map((one) => one.user_id);
    expect(await rolesOf(ids)).toEqual(ids.map(() => "viewer"));
    expect(await own().get(ownRoleItem, { id: role })).toBeUndefined();
  });

  it("is given up where somebody has got the role in that moment and nothing was named in its place", async () => {
    const role = await made();
    await begun(role);
    const { user_id } = await addMember(company, role);
    await work(role);
    expect(await own().get(ownRoleItem, { id: role })).toMatchObject({ status: "active", replacement: null });
    expect(await rolesOf([user_id])).toEqual([role]);
    expect(await entriesOf([`role:${role}`], "role.updated")).toBe(2);
  });
});
