import { beforeAll, describe, expect, it } from "vitest";
import { teamLimits } from "../../../functions/teams/model.ts";
import { operations } from "../../../functions/teams/operations.ts";
import { teamsOf } from "../../../functions/teams/public.ts";
import { teamItem, teamMemberItem, teamNameItem, teamTreeItem, userTeamsItem } from "../../../functions/teams/store.ts";
import { operations as users } from "../../../functions/users/operations.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { callInside } from "../../security/inside.ts";
import { type ApiAnswer, type Company, registerCompany, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
const ask = (operation: OperationShape, path: string, body?: unknown, token = company.token): Promise<ApiAnswer> =>
  callInside(operation, path, { token, body });
const own = () => stackTable().of(company.organization_id);

beforeAll(async () => {
  company = await registerCompany();
  await own().transact([own().writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
});

const create = (body: object = {}) => ask(operations.create, "/teams", { name: unique("Team"), ...body });
const made = async (body: object = {}): Promise<string> => (await create(body)).body.id;
const move = (id: string, parent_id: string | null) => ask(operations.move, `/teams/${id}/move`, { parent_id });
const add = (id: string, user_id: string, token?: string) =>
  ask(operations.addMember, `/teams/${id}/members`, { user_id }, token);
const statuses = (answers: readonly ApiAnswer[]) => answers.map(({ status }) => status).sort();
const at = <T>(list: readonly T[], i: number): T => {
  const one = list[i % list.length];
  if (one === undefined) throw new Error("the list is empty");
  return one;
};

/** Every team with its parent, by the teams' own items: how deep each stands, and that each is where the tree has it. */
async function levels(ids: readonly string[]): Promise<number[]> {
  const teams = await stackTable().batch(ids.map((id) => own().read(teamItem, { id })));
  const tree = await own().get(teamTreeItem, {});
  const parents = new Map(teams.flatMap((team) => (team === undefined ? [] : [[team.id, team.parent_id] as const])));
  for (const [id, parent_id] of parents) expect(tree?.parents[id] ?? null).toBe(parent_id);
  return [...parents.keys()].map((id) => {
    const seen = new Set<string>();
    for (let one: string | null | undefined = id; typeof one === "string"; one = parents.get(one)) {
      if (seen.has(one)) return Number.POSITIVE_INFINITY;
      seen.add(one);
    }
    return seen.size;
  });
}

describe("moves at the same moment", () => {
  it("of two teams, each under the other: one is refused", async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await made(), await made()];
      const answers = await Promise.all([move(a, b), move(b, a)]);
      expect(statuses(answers)).toEqual([200, 409]);
      expect(answers.find(({ status }) => status === 409)?.body.state).toBe("circle");
      expect((await levels([a, b])).sort()).toEqual([1, 2]);
    }
  });

  it("of a team down and of another one under it: never a sixth level", async () => {
    for (let round = 0; round < 3; round++) {
      const chain = [await made()];
      while (chain.length < 4) chain.push(await made({ parent_id: chain.at(-1) }));
      const [x, y] = [await made(), await made()];
      // Each fits alone; together they would be six.
      const answers = await Promise.all([move(x, chain.at(-1) ?? ""), move(y, x)]);
      expect(statuses(answers)).toEqual([200, 409]);
      expect(Math.max(...(await levels([...chain, x, y])))).toBeLessThanOrEqual(teamLimits.levels);
    }
  });

  it("of many teams to many places, while some are deleted: no circle, no sixth level, nobody lost", async () => {
    const ids = await Promise.all(Array.from({ length: 14 }, () => made()));
    const outcomes: number[] = [];
    for (let round = 0; round < 12; round++) {
      const moves = Array.from({ length: 6 }, () => {
        const [id, to] = [at(ids, Math.floor(Math.random() * 14)), at(ids, Math.floor(Math.random() * 14))];
        return move(id, Math.random() < 0.15 ? null : to);
      });
      const gone = round % 4 === 3 ? [ask(operations.remove, `/teams/${ids[round]}?children=reparent`)] : [];
      const answers = await Promise.all([...moves, ...gone]);
      outcomes.push(...answers.map(({ status }) => status));
      for (const level of await levels(ids)) expect(level).toBeLessThanOrEqual(teamLimits.levels);
    }
    expect(outcomes.filter((status) => status === 200).length).toBeGreaterThan(20);
    expect(outcomes.filter((status) => ![200, 204, 404, 409, 422].includes(status))).toEqual([]);
    expect((await levels(ids)).length).toBe(11);
  });

  it("a team is not made under one that is deleted at that moment", async () => {
    for (let round = 0; round < 5; round++) {
      const parent = await made();
      const [child, gone] = await Promise.all([
        create({ parent_id: parent }),
        ask(operations.remove, `/teams/${parent}`),
      ]);
      if (gone?.status === 204) expect(child?.status).toBe(422);
      else expect([gone?.status, child?.status]).toEqual([409, 201]);
    }
  });
});

describe("a name", () => {
  it("is given once in an organization, capitals or not, whoever asks at the same moment; a refusal costs no place", async () => {
    const name = unique("Caf\u00e9");
    const spellings = [name, name.toUpperCase(), name.normalize("NFD"), name.normalize("NFD").toLowerCase()];
    const used = async () => (await own().get(quotaItem, { resource: "teams" }))?.used ?? 0;
    const before = await used();
    const answers = await Promise.all([...spellings, ...spellings].map((one) => create({ name: one })));
    expect(statuses(answers)).toEqual([201, ...Array(7).fill(409)]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: "already_exists",
      issues: [{ path: "name" }],
    });
    expect(await used()).toBe(before + 1);
    const other = await registerCompany();
    expect((await other.call("POST", "/teams", { name })).status).toBe(201);
  });

  it("is free when its team has another one, or is gone; two teams that want it do not both get it", async () => {
    const [first, second] = [unique("First"), unique("Second")];
    const id = await made({ name: first });
    const rename = (team: string, name: string) => ask(operations.update, `/teams/${team}`, { name });
    expect((await rename(id, second)).status).toBe(200);
    expect((await rename(id, second.toUpperCase())).body.name).toBe(second.toUpperCase());
    const again = await made({ name: first });
    expect((await rename(again, second)).status).toBe(409);
    expect((await ask(operations.remove, `/teams/${id}`)).status).toBe(204);
    const third = await made();
    expect(statuses(await Promise.all([rename(again, second), rename(third, second)]))).toEqual([200, 409]);
    expect((await own().get(teamNameItem, { name_key: second.toUpperCase() }))?.team_id).toMatch(/^tem_/);
  });
});

describe("members", () => {
  let person: TestMember;
  beforeAll(async () => {
    person = await addMember(company, "viewer");
  });

  /** What is kept of a membership is the same in both directions, and counted. */
  async function consistent(team_id: string, users: readonly string[]): Promise<void> {
    const { items } = await own().page(teamMemberItem, { of: { team_id }, limit: 1_000 });
    const places = await stackTable().batch(users.map((user_id) => own().read(userTeamsItem, { user_id })));
    const listed = users.filter((_, i) => places[i]?.teams.some((place) => place.team_id === team_id));
    expect(items.map(({ user_id }) => user_id).sort()).toEqual([...listed].sort());
    expect((await own().get(teamItem, { id: team_id }))?.member_count).toBe(items.length);
  }

  it("are added once, however often at the same moment", async () => {
    const id = await made();
    expect(statuses(await Promise.all([1, 2, 3, 4].map(() => add(id, person.user_id))))).toEqual([201, 409, 409, 409]);
    await consistent(id, [person.user_id]);
  });

  it("come into several teams at the same moment, and all of them are theirs in one read", async () => {
    const someone = await addMember(company, "viewer");
    const [top, ...teams] = [await made(), ...(await Promise.all([1, 2, 3].map(() => made())))];
    await Promise.all(teams.map((id) => move(id, top ?? "")));
    expect(statuses(await Promise.all(teams.map((id) => add(id, someone.user_id))))).toEqual([201, 201, 201]);
    const found = await teamsOf(stackTable(), company.organization_id, someone.user_id);
    expect(found.map(({ team_id }) => team_id).sort()).toEqual([top, ...teams].sort());
    expect(found.find(({ team_id }) => team_id === top)?.inherited_from).toMatch(/^tem_/);
  });

  it("are active members of this organization, also when they are suspended at that moment", async () => {
    const [id, stranger, suspended] = [
      await made(),
      await registerCompany(),
      await addMember(company, "viewer", "suspended"),
    ];
    for (const user_id of [stranger.user_id, suspended.user_id]) {
      const refused = await add(id, user_id);
      expect([refused.status, refused.body.code, refused.body.issues[0].path]).toEqual([
        422,
        "reference_not_found",
        "user_id",
      ]);
    }
    for (let round = 0; round < 4; round++) {
      const someone = await addMember(company, "viewer");
      const [added, cut] = await Promise.all([
        add(id, someone.user_id),
        ask(users.suspend, `/users/${someone.user_id}/suspend`),
      ]);
      expect(cut?.status).toBe(200);
      const members = await membersOf(id);
      expect(added?.status).toBe(members.includes(someone.user_id) ? 201 : 422);
      await consistent(id, [...new Set([someone.user_id, ...members])]);
      // Whichever came first: nothing is theirs by the team.
      expect(await teamsOf(stackTable(), company.organization_id, someone.user_id)).toEqual([]);
    }
    const { items } = (await ask(operations.listMembers, `/teams/${id}/members`)).body;
    expect(items.filter(({ status }: { status: string }) => status !== "suspended")).toEqual([]);
  });

  const membersOf = async (team_id: string): Promise<string[]> =>
    (await own().page(teamMemberItem, { of: { team_id }, limit: 100 })).items.map(({ user_id }) => user_id);

  it("are removed by a lead who is one still: not by one who is made none at that moment, nor after the team has moved away", async () => {
    const [top, id] = [await made(), await made()];
    await move(id, top);
    const lead = await addMember(company, "viewer");
    await ask(operations.addMember, `/teams/${top}/members`, { user_id: lead.user_id, role: "lead" });
    expect((await add(id, person.user_id, lead.token)).status).toBe(201);
    const removal = () => ask(operations.removeMember, `/teams/${id}/members/${person.user_id}`, undefined, lead.token);
    const [gone, demoted] = await Promise.all([
      removal(),
      ask(operations.changeMember, `/teams/${top}/members/${lead.user_id}`, { role: "member" }),
    ]);
    expect(demoted?.status).toBe(200);
    expect(gone?.status).toBe((await membersOf(id)).includes(person.user_id) ? 403 : 204);
    expect((await add(id, lead.user_id, lead.token)).status).toBe(403);
    await ask(operations.changeMember, `/teams/${top}/members/${lead.user_id}`, { role: "lead" });
    await move(id, null);
    expect((await add(id, lead.user_id, lead.token)).status).toBe(403);
    await consistent(id, [person.user_id, lead.user_id]);
  });
});
