import { beforeAll, describe, expect, it } from "vitest";
import { workspaceCheck, workspaceLinks } from "../../../functions/workspaces/public.ts";
import { workspaceMemberItem } from "../../../functions/workspaces/store.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { type ApiAnswer, type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

/** A company whose plan has room for any number of workspaces. */
async function enterprise(): Promise<Company> {
  const company = await registerCompany();
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
  return company;
}

const create = (who: Pick<Company, "call">, body: object = {}) =>
  who.call("POST", "/workspaces", { name: unique("Space"), ...body });

const ids = (answer: ApiAnswer): string[] => answer.body.items.map(({ id }: { id: string }) => id);

describe("workspaces", () => {
  let company: Company;
  let admin: TestMember;
  beforeAll(async () => {
    company = await enterprise();
    admin = await addMember(company, "org_admin");
  });

  it("belong to whoever created them, with the members named at the start", async () => {
    const initial_members = [{ user_id: admin.user_id, role: "viewer" }];
    const created = await create(company, { description: "All of it", color: "#1f6feb", initial_members });
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe(`/api/v1/workspaces/${created.body.id}`);
    expect(created.body).toMatchObject({
      workspace_type: "permanent",
      status: "active",
      color: "#1f6feb",
      created_by: company.user_id,
      member_count: 2,
      resource_count: 0,
      expires_at: null,
    });
    const members = await company.call("GET", `/workspaces/${created.body.id}/members`);
    const roles = Object.fromEntries(
      members.body.items.map(({ user_id, role }: { user_id: string; role: string }) => [user_id, role]),
    );
    expect(roles).toEqual({ [company.user_id]: "owner", [admin.user_id]: "viewer" });
    expect((await company.call("GET", `/workspaces/${created.body.id}`)).body).toEqual(created.body);
  });

  it("are not made with a member who is not one, or is named twice", async () => {
    const stranger = await registerCompany();
    const named = (user_id: string) => create(company, { initial_members: [{ user_id, role: "member" }] });
    const foreign = await named(stranger.user_id);
    expect([foreign.status, foreign.body.code]).toEqual([422, "reference_not_found"]);
    expect(foreign.body.issues[0].path).toBe("initial_members.0.user_id");
    expect((await named(company.user_id)).status).toBe(422);
  });

  it("are listed by status and type", async () => {
    const other = await enterprise();
    const temporary = await create(other, { workspace_type: "temporary", expires_at: "2099-01-01T00:00:00+02:00" });
    expect(temporary.body.expires_at).toBe("2098-12-31T22:00:00.000Z");
    const permanent = await create(other);
    expect(ids(await other.call("GET", "/workspaces")).sort()).toEqual(
      [other.workspace_id, temporary.body.id, permanent.body.id].sort(),
    );
    expect(ids(await other.call("GET", "/workspaces?type=temporary"))).toEqual([temporary.body.id]);
    await other.call("POST", `/workspaces/${permanent.body.id}/archive`);
    expect(ids(await other.call("GET", "/workspaces?status=archived"))).toEqual([permanent.body.id]);
    expect(ids(await other.call("GET", "/workspaces?type=permanent"))).toEqual([other.workspace_id]);
  });

  it("that are personal exist for their members and the organization's owners only", async () => {
    const personal = await create(admin, { workspace_type: "personal" });
    const colleague = await addMember(company, "org_admin");
    expect(ids(await admin.call("GET", "/workspaces?type=personal"))).toEqual([personal.body.id]);
    expect(ids(await colleague.call("GET", "/workspaces?type=personal"))).toEqual([]);
    expect(ids(await colleague.call("GET", "/workspaces"))).not.toContain(personal.body.id);
    expect((await colleague.call("GET", `/workspaces/${personal.body.id}`)).status).toBe(404);
    expect((await colleague.call("PATCH", `/workspaces/${personal.body.id}`, { name: "Mine" })).status).toBe(404);
    expect((await company.call("GET", `/workspaces/${personal.body.id}`)).status).toBe(200);
  });

  it("take an expiry only when they are temporary, and only in the future", async () => {
    const expires_at = "2099-01-01T00:00:00.000Z";
    const wrong = [
      await create(company, { expires_at }),
      await create(company, { workspace_type: "temporary" }),
      await create(company, { workspace_type: "temporary", expires_at: "2020-01-01T00:00:00Z" }),
      await company.call("PATCH", `/workspaces/${company.workspace_id}`, { expires_at }),
    ];
    for (const answer of wrong) {
      expect(answer.status).toBe(422);
      expect(answer.body.issues[0].path).toBe("expires_at");
    }
  });

  it("are changed field by field, and not by a request that has read an older state", async () => {
    const { body: workspace, headers } = await create(company, { description: "Kept", environment: "staging" });
    const path = `/workspaces/${workspace.id}`;
    const etag = headers.get("etag") ?? "";
    const changed = await company.call("PATCH", path, { name: "New", environment: null }, { "if-match": etag });
    expect(changed.body).toMatchObject({ name: "New", description: "Kept", environment: null });
    expect((await company.call("PATCH", path, { name: "Late" }, { "if-match": etag })).status).toBe(412);
    expect((await company.call("PATCH", path, { workspace_type: "personal" })).status).toBe(422);
  });

  it("are archived once, change nothing while they are, and come back", async () => {
    const { body: workspace } = await create(company);
    const path = `/workspaces/${workspace.id}`;
    const archived = await Promise.all([1, 2, 3].map(() => company.call("POST", `${path}/archive`)));
    expect(archived.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const refused = await company.call("PATCH", path, { name: "New" });
    expect([refused.status, refused.body.state]).toEqual([409, "archived"]);
    const member = await company.call("POST", `${path}/members`, { user_id: admin.user_id, role: "member" });
    expect([member.status, member.body.state]).toEqual([409, "archived"]);
    const restored = await company.call("POST", `${path}/restore`);
    expect(restored.body).toMatchObject({ status: "active", archived_at: null });
    expect((await company.call("POST", `${path}/restore`)).status).toBe(409);
  });

  it("are deleted with their members, and only while nothing is in them", async () => {
    const { body: workspace } = await create(company, { initial_members: [{ user_id: admin.user_id, role: "admin" }] });
    const path = `/workspaces/${workspace.id}`;
    const table = stackTable();
    const link = {
      resource: { type: "agent", id: "agt_00000000000000000000000001", name: "Clerk" },
      by: company.user_id,
      at: new Date(),
    } as const;
    const tenant = company.organization_id;
    await table.transact(workspaceLinks(table, tenant, { ...link, before: [], after: [workspace.id] }));
    const listed = await company.call("GET", `${path}/resources?type=agent`);
    expect(listed.body.items).toMatchObject([{ resource_type: "agent", resource_id: link.resource.id, name: "Clerk" }]);
    expect((await company.call("GET", `${path}/resources?type=pipeline`)).body.items).toEqual([]);
    const refused = await company.call("DELETE", path);
    expect([refused.status, refused.body.resource_count]).toEqual([409, 1]);
    const renamed = { ...link, resource: { ...link.resource, name: "Scribe" }, name_before: "Clerk" };
    await table.transact(workspaceLinks(table, tenant, { ...renamed, before: [workspace.id], after: [workspace.id] }));
    expect((await company.call("GET", `${path}/resources`)).body.items[0].name).toBe("Scribe");
    await table.transact(workspaceLinks(table, tenant, { ...link, before: [workspace.id], after: [] }));
    expect((await admin.call("DELETE", path)).status).toBe(403);
    expect((await company.call("DELETE", path)).status).toBe(204);
    expect((await company.call("GET", path)).status).toBe(404);
    expect((await company.call("DELETE", path)).status).toBe(404);
    await eventually(async () => {
      const left = await table.of(tenant).page(workspaceMemberItem, { of: { workspace_id: workspace.id }, limit: 1 });
      return left.items.length === 0 ? true : undefined;
    }, "the members of the deleted workspace are forgotten");
  });

  it("take in only what is linked while they are active, and are of this organization", async () => {
    const [table, other] = [stackTable(), await registerCompany()];
    const { body: workspace } = await create(company);
    await company.call("POST", `/workspaces/${workspace.id}/archive`);
    for (const id of [workspace.id, other.workspace_id]) {
      const refused = { code: "reference_not_found", options: { issues: [{ path: "workspace_ids.1" }] } };
      const after = [company.workspace_id, id];
      await expect(table.transact(workspaceCheck(table, company.organization_id, after))).rejects.toMatchObject(
        refused,
      );
      const link = {
        resource: { type: "pipeline", id: "pip_00000000000000000000000001", name: "Flow" },
        by: company.user_id,
        at: new Date(),
        before: [],
        after,
      } as const;
      await expect(table.transact(workspaceLinks(table, company.organization_id, link))).rejects.toMatchObject(refused);
    }
    const untouched = await company.call("GET", `/workspaces/${company.workspace_id}/resources`);
    expect(untouched.body.items).toEqual([]);
  });

  it("never outnumber the plan, though many are created at once", async () => {
    const free = await registerCompany();
    const answers = await Promise.all(Array.from({ length: 6 }, () => create(free)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 402, 402, 402, 402, 402]);
    const refused = answers.find(({ status }) => status === 402);
    expect(refused?.body).toMatchObject({ code: "quota_exceeded", resource: "workspaces", limit: 2, usage: 2 });
    expect(ids(await free.call("GET", "/workspaces"))).toHaveLength(2);
    expect((await free.call("DELETE", `/workspaces/${free.workspace_id}`)).status).toBe(204);
    expect((await create(free)).status).toBe(201);
  });
});
