import { beforeAll, describe, expect, it } from "vitest";
import { teamMemberItem } from "../../../functions/teams/store.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { type ApiAnswer, type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

const names = (answer: ApiAnswer): string[] => answer.body.items.map(({ name }: { name: string }) => name);

let company: Company;
let admin: TestMember;
let developer: TestMember;
beforeAll(async () => {
  company = await registerCompany();
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "pro" } })]);
  [admin, developer] = await Promise.all([addMember(company, "org_admin"), addMember(company, "developer")]);
});

const create = async (body: object = {}) => {
  const answer = await admin.call("POST", "/teams", { name: unique("Team"), ...body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};

describe("teams", () => {
  it("are made, read, renamed and deleted by those who may, with a precondition and an audit entry each", async () => {
    const name = unique("Design");
    const created = await admin.call("POST", "/teams", { name, description: "Screens" });
    expect(created.headers.get("location")).toBe(`/api/v1/teams/${created.body.id}`);
    expect(created.body).toMatchObject({ name, description: "Screens", parent_id: null, member_count: 0 });
    const path = `/teams/${created.body.id}`;
    const read = await developer.call("GET", path);
    expect(read.body).toEqual(created.body);
    const etag = read.headers.get("etag") ?? "";
    expect((await admin.call("PATCH", path, { description: "" }, { "if-match": etag })).status).toBe(200);
    expect((await admin.call("PATCH", path, { description: "Late" }, { "if-match": etag })).status).toBe(412);
    for (const [method, body] of [
      ["PATCH", { name: "Mine" }],
      ["DELETE", undefined],
    ] as const)
      expect((await developer.call(method, path, body)).status).toBe(403);
    expect((await admin.call("DELETE", path)).status).toBe(204);
    expect((await admin.call("GET", path)).status).toBe(404);
    const trail = await company.call("GET", `/audit/resources/team/${created.body.id}`);
    expect(trail.body.items.map(({ action }: { action: string }) => action).sort()).toEqual([
      "team.created",
      "team.deleted",
      "team.updated",
    ]);
  });

  it("are listed by name, by how it begins, and by what they stand under", async () => {
    const prefix = unique("Sales");
    const top = await create({ name: `${prefix} world` });
    for (const place of ["west", "East", "north"]) await create({ name: `${prefix} ${place}`, parent_id: top.id });
    const list = (query: string) => company.call("GET", `/teams?${query}`);
    const found = await eventually(async () => {
      const answer = await list(`search=${encodeURIComponent(prefix.toUpperCase())}`);
      return answer.body.items.length === 4 ? answer : undefined;
    }, "all four are listed");
    const sorted = ["East", "north", "west", "world"].map((place) => `${prefix} ${place}`);
    expect(names(found)).toEqual(sorted);
    expect(names(await list(`parent_id=${top.id}`))).toEqual(sorted.slice(0, 3));
    const page = await list(`parent_id=${top.id}&limit=2`);
    expect(names(await list(`parent_id=${top.id}&limit=2&cursor=${page.body.next_cursor}`))).toEqual(
      sorted.slice(2, 3),
    );
    expect(names(await list(`parent_id=none&search=${prefix}`))).toEqual([`${prefix} world`]);
  });
});

describe("leads", () => {
  it("decide who belongs to their team and those below it; nothing else, and nowhere else", async () => {
    const [unit, beside] = [await create(), await create()];
    const squad = await create({ parent_id: unit.id });
    const member = await addMember(company, "viewer");
    const add = (who: TestMember, team: string, role = "member") =>
      who.call("POST", `/teams/${team}/members`, { user_id: member.user_id, role });
    expect((await add(developer, unit.id)).status).toBe(403);
    const lead = { user_id: developer.user_id, role: "lead" };
    expect((await admin.call("POST", `/teams/${unit.id}/members`, lead)).status).toBe(201);
    const added = await add(developer, squad.id);
    expect(added.status, added.text).toBe(201);
    expect(added.headers.get("location")).toBe(`/api/v1/teams/${squad.id}/members/${member.user_id}`);
    expect((await add(developer, beside.id)).status).toBe(403);
    const theirs = `/teams/${squad.id}/members/${member.user_id}`;
    expect((await developer.call("PATCH", theirs, { role: "lead" })).body.role).toBe("lead");
    // The lead of the team below is none above.
    expect((await member.call("POST", `/teams/${unit.id}/members`, { user_id: company.user_id })).status).toBe(403);
    for (const [method, path, body] of [
      ["PATCH", `/teams/${squad.id}`, { name: "Mine" }],
      ["POST", `/teams/${squad.id}/move`, { parent_id: null }],
      ["DELETE", `/teams/${squad.id}`, undefined],
    ] as const)
      expect((await developer.call(method, path, body)).status, path).toBe(403);
    expect((await developer.call("DELETE", theirs)).status).toBe(204);
    expect((await developer.call("DELETE", theirs)).status).toBe(404);
  });
});

describe("members", () => {
  it("of a team below belong to those above it, shown with where they come from; who is suspended has no part", async () => {
    const unit = await create();
    const squads = [await create({ parent_id: unit.id }), await create({ parent_id: unit.id })];
    const [boss, worker] = await Promise.all([addMember(company, "viewer"), addMember(company, "viewer")]);
    const put = (team: string, user_id: string) => admin.call("POST", `/teams/${team}/members`, { user_id });
    await put(unit.id, boss.user_id);
    for (const squad of squads) await put(squad.id, worker.user_id);
    const rows = (answer: ApiAnswer) =>
      answer.body.items.map((row: { user_id: string; inherited_from: string | null; status: string }) => [
        row.user_id,
        row.inherited_from,
        row.status,
      ]);
    const path = `/teams/${unit.id}/members`;
    expect(rows(await developer.call("GET", path))).toEqual([[boss.user_id, null, "active"]]);
    const below = squads.map(({ id }) => id).sort();
    const all = [[boss.user_id, null, "active"], ...below.map((id) => [worker.user_id, id, "active"])];
    expect(rows(await developer.call("GET", `${path}?inherited=true`))).toEqual(all);
    const paged: unknown[] = [];
    let cursor = "";
    do {
      const page = await developer.call("GET", `${path}?inherited=true&limit=1${cursor}`);
      paged.push(...rows(page));
      cursor = page.body.next_cursor === null ? "" : `&cursor=${encodeURIComponent(page.body.next_cursor)}`;
    } while (cursor !== "");
    expect(paged).toEqual(all);

    const teams = async () => (await developer.call("GET", `/users/${worker.user_id}/teams`)).body.items;
    expect((await teams()).map((team: { team_id: string }) => team.team_id).sort()).toEqual([...below, unit.id].sort());
    await company.call("POST", `/users/${worker.user_id}/suspend`);
    expect(await teams()).toEqual([]);
    expect(rows(await developer.call("GET", `/teams/${below[0]}/members`))).toEqual([
      [worker.user_id, null, "suspended"],
    ]);
    await company.call("POST", `/users/${worker.user_id}/restore`);
    expect(await teams()).toHaveLength(3);
  });

  it("of a deleted team are forgotten behind it, and the teams under it go to its parent", async () => {
    const [unit, worker] = [await create(), await addMember(company, "viewer")];
    const group = await create({ parent_id: unit.id });
    const squad = await create({ parent_id: group.id });
    await admin.call("POST", `/teams/${group.id}/members`, { user_id: worker.user_id });
    expect((await admin.call("DELETE", `/teams/${group.id}`)).status).toBe(409);
    expect((await admin.call("DELETE", `/teams/${group.id}?children=reparent`)).status).toBe(204);
    expect((await admin.call("GET", `/teams/${squad.id}`)).body.parent_id).toBe(unit.id);
    const tenant = stackTable().of(company.organization_id);

    await eventually(async () => {
      const member = await tenant.get(teamMemberItem, { team_id: group.id, user_id: worker.user_id });
      return member === undefined ? true : undefined;
    }, "the membership is gone");
  });
});
