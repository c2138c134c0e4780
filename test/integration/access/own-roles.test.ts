import { beforeAll, describe, expect, it } from "vitest";
import { deleteRole } from "../../../functions/access/consumers.ts";
import * as accessHandlers from "../../../functions/access/handlers.ts";
import { operations } from "../../../functions/access/operations.ts";
import { ownRoleNameItem, roleDeletion } from "../../../functions/access/store.ts";
import { operations as invitations } from "../../../functions/invitations/operations.ts";
import { operations as organizations } from "../../../functions/organizations/operations.ts";
import * as userHandlers from "../../../functions/users/handlers.ts";
import { operations as users } from "../../../functions/users/operations.ts";
import { accessRulesItem } from "../../../shared/access/bundle.ts";
import { ownRoleItem } from "../../../shared/access/own-roles.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { membershipItem, organizationItem } from "../../../shared/identity/items.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { callInside } from "../../security/inside.ts";
import { type ApiAnswer, type Company, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { askWhile, moments } from "../../support/permitted.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
});

const ask = (operation: OperationShape, path: string, body?: unknown, token = company.token): Promise<ApiAnswer> =>
  callInside(operation, path, { token, body });
const own = () => stackTable().of(company.organization_id);
const create = (body: object, token?: string) =>
  ask(operations.createRole, "/roles", { name: unique("Role"), grants: ["agents:read"], ...body }, token);
const made = async (body: object = {}): Promise<string> => (await create(body)).body.id;
const edit = (id: string, body: object, token?: string) => ask(operations.updateRole, `/roles/${id}`, body, token);
const remove = (id: string, replacement?: string, token?: string) =>
  ask(
    operations.removeRole,
    `/roles/${id}${replacement === undefined ? "" : `?replacement=${replacement}`}`,
    undefined,
    token,
  );
const assign = (user_id: string, role: string, token?: string) =>
  ask(users.assignRole, `/users/${user_id}`, { role }, token);
const giving = (user_id: string, role: string, token: string) =>
  ({ method: "PATCH", path: `/users/${user_id}`, body: { role }, token }) as const;
const access = { operations, handlers: accessHandlers, deps: stackPlatform() };
const standing = { operations: users, handlers: userHandlers, deps: stackPlatform() };
const statuses = (answers: readonly ApiAnswer[]) => answers.map(({ status }) => status).sort();
const membershipOf = (user_id: string) => own().get(membershipItem, { user_id });

/** What decides is what is shown, and the version that the organization names is the one that is there. */
async function expectOneTruth(): Promise<void> {
  const [organization, rules] = await Promise.all([own().get(organizationItem, {}), own().get(accessRulesItem, {})]);
  expect(organization?.rules_version).toBe(rules?.version);
  const roles = [];
  for await (const { id, name, grants, revision } of own().all(ownRoleItem, { of: {} }))
    roles.push({ id, name, grants, revision });
  expect(rules?.roles.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(roles);
  expect((await own().get(quotaItem, { resource: "roles" }))?.used).toBe(roles.length);
  const names = [];
  for await (const { role_id } of own().all(ownRoleNameItem, { of: {} })) names.push(role_id);
  expect(names.toSorted()).toEqual(roles.map(({ id }) => id));
}

describe("roles that are changed at the same moment", () => {
  it("are all there, and what decides says the same as what is shown", async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => made()));
    const answers = await Promise.all([
      ...ids.map((id, i) => edit(id, { grants: i % 2 === 0 ? ["agents:*"] : ["teams:read"] })),
      create({}),
      create({}),
    ]);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    await expectOneTruth();
  });

  it("twice the same one: both changes count, or with a precondition the second is refused", async () => {
    const id = await made();
    const both = await Promise.all([edit(id, { description: "New." }), edit(id, { grants: ["agents:*"] })]);
    expect(statuses(both)).toEqual([200, 200]);
    const read = await ask(operations.getRole, `/roles/${id}`);
    expect(read.body).toMatchObject({ description: "New.", grants: ["agents:*"] });
    const headers = { "if-match": read.headers.get("etag") ?? "" };
    const send = (description: string) =>
      callInside(operations.updateRole, `/roles/${id}`, { token: company.token, body: { description }, headers });
    expect(statuses(await Promise.all([send("A"), send("B")]))).toEqual([200, 412]);
    await expectOneTruth();
  });

  it("while the organization's own record is: neither change is lost", async () => {
    for (let round = 0; round < 4; round++) {
      const name = unique("Company");
      const [role, renamed] = await Promise.all([
        create({}),
        ask(organizations.update, `/organizations/${company.organization_id}`, { name }),
      ]);
      expect([role?.status, renamed?.status]).toEqual([201, 200]);
      expect((await own().get(organizationItem, {}))?.name).toBe(name);
      await expectOneTruth();
    }
  });
});

describe("a name", () => {
  it("is given once, capitals or not, whoever asks at the same moment, and is free after a rename", async () => {
    const name = unique("Engineer");
    const answers = await Promise.all(
      [name, name.toUpperCase(), name.toLowerCase()].map((one) => create({ name: one })),
    );
    expect(statuses(answers)).toEqual([201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: "already_exists",
      issues: [{ path: "name" }],
    });
    const id = answers.find(({ status }) => status === 201)?.body.id;
    expect((await edit(id, { name: unique("Other") })).status).toBe(200);
    expect((await create({ name })).status).toBe(201);
    await expectOneTruth();
  });
});

describe("the 51st role", () => {
  it("is refused, however many are made at the same moment, and there is room again when one is gone", async () => {
    const full = await roomyCompany();
    // Whatever changes roles takes turns: who has tried long enough is told so, and asks again.
    const role = async (): Promise<ApiAnswer> => {
      const body = { name: unique("Role"), grants: ["agents:read"] };
      for (;;) {
        const answer = await callInside(operations.createRole, "/roles", { token: full.token, body });
        if (answer.status !== 409) return answer;
      }
    };
    for (let i = 0; i < 48; i++) expect((await role()).status).toBe(201);
    const answers = await Promise.all([role(), role(), role(), role()]);
    expect(statuses(answers)).toEqual([201, 201, 402, 402]);
    expect(answers.find(({ status }) => status === 402)?.body).toMatchObject({
      code: "quota_exceeded",
      resource: "roles",
      limit: 50,
      usage: 50,
    });
    const rules = await stackTable().of(full.organization_id).get(accessRulesItem, {});
    expect(rules?.roles).toHaveLength(50);
  });
});

describe("nobody gives more than they hold", () => {
  it("by making, changing, cloning or giving a role, nor touches one that grants more", async () => {
    const narrow = await made({ grants: ["roles:*", "users:read", "agents:read"] });
    const wide = await made({ grants: ["agents:*"] });
    const { token } = await addMember(company, narrow);
    const other = await addMember(company, "viewer");
    const refusals = await Promise.all([
      create({ grants: ["agents:*"] }, token),
      create({ grants: ["*"] }, token),
      create({ grants: ["*:read"] }, token),
      ask(operations.cloneRole, "/roles/org_owner/clone", { name: unique("Owner") }, token),
      edit(narrow, { grants: ["roles:*", "users:read", "agents:*"] }, token),
      edit(wide, { description: "Mine." }, token),
      remove(wide, undefined, token),
      assign(other.user_id, wide, token),
      assign(other.user_id, narrow, token),
    ]);
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual(refusals.map(() => [403, "forbidden"]));
    const within = await create({ grants: ["agents:read", "roles:assign"] }, token);
    expect(within.status, within.text).toBe(201);
  });

  it("nor makes an owner by handing the organization over", async () => {
    const { token } = await addMember(company, await made({ grants: ["organizations:transfer", "users:read"] }));
    const { user_id } = await addMember(company, "viewer");
    const path = `/organizations/${company.organization_id}/transfer`;
    const asked = await ask(organizations.askTransfer, path, { user_id }, token);
    expect([asked.status, asked.body.code, asked.body.permission]).toEqual([403, "forbidden", "organizations:read"]);
  });

  it("an administrator cannot make a role of the owner's", async () => {
    const { token } = await addMember(company, "org_admin");
    const cloned = await ask(operations.cloneRole, "/roles/org_owner/clone", { name: unique("Owner") }, token);
    expect([cloned.status, cloned.body.permission]).toEqual([403, "organizations:delete"]);
  });

  it.each(moments)("whose role is made smaller once they were %s: they put nothing back into it", async (moment) => {
    const role = await made({ grants: ["roles:*", "users:read", "agents:*"] });
    const { token } = await addMember(company, role);
    const shrink = () => edit(role, { grants: ["roles:*", "users:read"] });
    const asked = { method: "PATCH", path: `/roles/${role}`, token } as const;
    const described = await askWhile(access, { ...asked, body: { description: "Mine." } }, shrink, moment);
    expect(described.status, described.text).toBe(200);
    expect(await own().get(ownRoleItem, { id: role })).toMatchObject({
      description: "Mine.",
      grants: ["users:read", "roles:*"],
    });
  });

  it.each(moments)("nor by a role that is made smaller once they were %s", async (moment) => {
    const role = await made({ grants: ["roles:*", "users:read", "agents:*"] });
    const { token } = await addMember(company, role);
    const shrink = () => edit(role, { grants: ["roles:*", "users:read"] });
    const body = { name: unique("Wide"), grants: ["agents:*"] };
    const asked = { method: "POST", path: "/roles", body, token } as const;
    const grown = await askWhile(access, asked, shrink, moment);
    expect([grown.status, grown.body.code]).toEqual([403, "forbidden"]);
  });
});

describe("a role that is given", () => {
  it.each(moments)("and grows once they were %s is given by nobody who may not give it", async (moment) => {
    const { token } = await addMember(company, await made({ grants: ["roles:*", "users:read", "agents:read"] }));
    const role = await made();
    const before = await made({ grants: ["agents:read"] });
    const { user_id } = await addMember(company, before);
    const widen = () => edit(role, { grants: ["agents:*"] });
    const given = await askWhile(standing, giving(user_id, role, token), widen, moment);
    expect([given.status, given.body.permission]).toEqual([403, "agents:create"]);
    expect((await membershipOf(user_id))?.role).toBe(before);
  });

  it("while it is being deleted is refused, and so is one that is not there, or of another organization", async () => {
    const { user_id } = await addMember(company, "viewer");
    const role = await made();
    expect((await remove(role, "viewer")).status).toBe(202);
    const given = await assign(user_id, role);
    expect([given.status, given.body.state]).toEqual([409, "deleting"]);
    const invited = await ask(invitations.create, "/invitations", { email: `${unique("g")}@example.com`, role });
    expect([invited.status, invited.body.state]).toEqual([409, "deleting"]);
    const again = await remove(role, "viewer");
    expect([again.status, again.body.state]).toEqual([409, "deleting"]);
    const theirs = await roomyCompany();
    const foreign = await callInside(operations.createRole, "/roles", {
      token: theirs.token,
      body: { name: "Theirs", grants: ["agents:read"] },
    });
    for (const id of [foreign.body.id, "rol_01JDQ4X0Z5V8W3N7K2M9R6T1BC"]) {
      const unknown = await assign(user_id, id);
      expect([unknown.status, unknown.body.code]).toEqual([422, "reference_not_found"]);
    }
  });

  it.each(moments)("and whose deletion begins once they were %s is given to nobody", async (moment) => {
    const role = await made();
    const { user_id } = await addMember(company, "viewer");
    const begin = () => remove(role, "developer");
    const given = await askWhile(standing, giving(user_id, role, company.token), begin, moment);
    expect([given.status, given.body.state]).toEqual([409, "deleting"]);
    expect((await membershipOf(user_id))?.role).toBe("viewer");
  });

  it.each(moments)("once its deletion was %s is exchanged with that of all others", async (moment) => {
    const role = await made();
    const { user_id } = await addMember(company, "viewer");
    const asked = { method: "DELETE", path: `/roles/${role}?replacement=developer`, token: company.token } as const;
    const gone = await askWhile(access, asked, () => assign(user_id, role), moment);
    expect(gone.status, gone.text).toBe(202);
    const due = { tenant: company.organization_id, kind: roleDeletion.kind, ref: role, at: new Date().toISOString() };
    await deleteRole(due, { table: stackTable(), clock: systemClock });
    expect((await membershipOf(user_id))?.role).toBe("developer");
  });
});

describe("a built-in role", () => {
  it("stays as it is, and says what to do", async () => {
    for (const answer of [await edit("developer", { name: "Mine" }), await remove("developer", "viewer")])
      expect([answer.status, answer.body.state]).toEqual([409, "built_in"]);
  });
});

describe("a replacement", () => {
  it("is another role that can be given, and never the owner's", async () => {
    const role = await made();
    for (const wrong of [role, "org_owner", "rol_01JDQ4X0Z5V8W3N7K2M9R6T1BC"]) {
      const refused = await remove(role, wrong);
      expect([refused.status, refused.body.code], wrong).toEqual([422, "reference_not_found"]);
    }
    const { token } = await addMember(company, await made({ grants: ["roles:*", "agents:read"] }));
    expect((await remove(role, "developer", token)).status).toBe(403);
  });

  it("of a deletion that goes on is not deleted itself", async () => {
    const [first, second] = [await made(), await made()];
    const answers = await Promise.all([remove(first, second), remove(second, first)]);
    expect(statuses(answers)).toEqual([202, 409]);
  });

  it("is named for what people get who are yet to come: a role that an invitation names stays", async () => {
    const role = await made();
    const invited = await ask(invitations.create, "/invitations", { email: `${unique("g")}@example.com`, role });
    expect(invited.status, invited.text).toBe(201);
    const refused = await remove(role, "viewer");
    expect([refused.status, refused.body.state]).toEqual([409, "named"]);
    expect(refused.body.named_by).toEqual([{ type: "invitation", id: invited.body.id }]);
  });
});
