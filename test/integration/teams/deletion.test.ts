import { beforeAll, describe, expect, it } from "vitest";
import { teamLimits } from "../../../functions/teams/model.ts";
import { operations } from "../../../functions/teams/operations.ts";
import { forgetMembers, leaveTeam, placesOf, teamsOf } from "../../../functions/teams/public.ts";
import {
  newMember,
  replacePlaces,
  replaceTree,
  teamItem,
  teamMemberItem,
  teamTreeItem,
  userTeamsItem,
} from "../../../functions/teams/store.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { callInside } from "../../security/inside.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { countedTable, stackTable } from "../../support/stack.ts";

let company: Company;
const ask = (operation: OperationShape, path: string, body?: unknown, headers = {}) =>
  callInside(operation, path, { token: company.token, body, headers });
const own = () => stackTable().of(company.organization_id);

beforeAll(async () => {
  company = await registerCompany();
  await own().transact([own().writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
});

const made = async (body: object = {}): Promise<string> =>
  (await ask(operations.create, "/teams", { name: unique("Team"), ...body })).body.id;
const remove = (id: string, query = "") => ask(operations.remove, `/teams/${id}${query}`);
const used = async () => (await own().get(quotaItem, { resource: "teams" }))?.used;

/** As the bus delivers it. */
const deleted = (team_id: string) =>
  forgetMembers(
    {
      id: newId("event", new Date()),
      type: "team.deleted",
      version: 1,
      organization_id: company.organization_id,
      actor: { type: "user", id: company.user_id },
      occurred_at: timestamp(new Date()),
      trace_id: "req",
      data: { team_id },
    },
    { table: stackTable(), clock: { now: () => new Date() } },
  );

/** Puts so many made-up people into two teams, as adding them would. */
async function crowd(count: number, teams: readonly [string, string]): Promise<string[]> {
  const at = new Date();
  const users = Array.from({ length: count }, () => newId("user", at));
  const places = teams.map((team_id) => ({ team_id, role: "member" as const }));
  for (let i = 0; i < count; i += 30)
    await own().transact(
      users
        .slice(i, i + 30)
        .flatMap((user_id) => [
          ...teams.map((id) => own().writes.create(teamMemberItem, newMember(id, user_id, "member", "x", at))),
          replacePlaces(own(), user_id, undefined, places, at),
        ]),
    );
  return users;
}

describe("a deleted team", () => {
  it("has no members from that moment on, before they are forgotten, and its name and place are free", async () => {
    const someone = await addMember(company, "viewer");
    const [name, before] = [unique("Gone"), await used()];
    const [top, id] = [await made(), await made({ name })];
    await ask(operations.move, `/teams/${id}/move`, { parent_id: top });
    await ask(operations.addMember, `/teams/${id}/members`, { user_id: someone.user_id });
    expect(await teamsOf(stackTable(), company.organization_id, someone.user_id)).toHaveLength(2);
    expect((await remove(id)).status).toBe(204);
    expect(await teamsOf(stackTable(), company.organization_id, someone.user_id)).toEqual([]);
    expect((await ask(operations.addMember, `/teams/${id}/members`, { user_id: company.user_id })).status).toBe(404);
    expect(await used()).toBe((before ?? 0) + 1);
    await made({ name: name.toUpperCase() });
    await deleted(id);
    expect(await placesOf(stackTable(), company.organization_id, someone.user_id)).toEqual([]);
  });

  it("is forgotten by all of its members, however many, and they stay in their other teams", async () => {
    const [id, other] = [await made(), await made()];
    const users = await crowd(90, [id, other]);
    expect((await remove(id)).status).toBe(204);
    await Promise.all([deleted(id), deleted(id)]);
    await deleted(id);
    const left = (team_id: string) => own().page(teamMemberItem, { of: { team_id }, limit: 1_000 });
    expect((await left(id)).items).toEqual([]);
    expect((await left(other)).items).toHaveLength(90);
    const places = await stackTable().batch(users.map((user_id) => own().read(userTeamsItem, { user_id })));
    expect(new Set(places.flatMap((place) => place?.teams.map(({ team_id }) => team_id)))).toEqual(new Set([other]));
    expect((await own().get(teamTreeItem, {}))?.ended ?? []).not.toContain(id);
  });

  it("is refused while teams stand under it, and hands as many as there can be to its parent in one transaction", async () => {
    const top = await made();
    const id = await made({ parent_id: top });
    const children = Array.from({ length: teamLimits.children }, () => newId("team", new Date()));
    const first = await own().get(teamItem, { id });
    const tree = await own().get(teamTreeItem, {});
    if (first === undefined || tree === undefined) throw new Error("there is no team to stand under");
    const copies = children.map((child) => ({
      ...first,
      id: child,
      name: child,
      name_key: child,
      parent_id: id,
      under: id,
    }));
    await own().transact(copies.map((team) => own().writes.create(teamItem, team)));
    const parents = { ...tree.parents, ...Object.fromEntries(children.map((child) => [child, id])) };
    await own().transact([replaceTree(own(), tree, { parents }, new Date())]);
    const refused = await remove(id);
    expect([refused.status, refused.body.child_count]).toEqual([409, teamLimits.children]);
    const full = await ask(operations.create, "/teams", { name: unique("More"), parent_id: id });
    expect([full.status, full.body.limit]).toEqual([409, teamLimits.children]);
    // The parent, which loses this one, has room for all of them.
    const gone = await ask(operations.remove, `/teams/${id}?children=reparent`, undefined, {
      "idempotency-key": unique("key"),
    });
    expect(gone.status, gone.text).toBe(204);
    const { items } = (await ask(operations.list, `/teams?parent_id=${top}&limit=100`)).body;
    expect(items.map((team: { id: string }) => team.id).sort()).toEqual(children.sort());
  });
});

describe("the teams of a user", () => {
  it("are one read, own and inherited, however many teams there are", async () => {
    const someone = await addMember(company, "viewer");
    const chain = [await made()];
    while (chain.length < teamLimits.levels) chain.push(await made({ parent_id: chain.at(-1) }));
    await ask(operations.addMember, `/teams/${chain.at(-1)}/members`, { user_id: someone.user_id });
    const { table, counter } = countedTable();
    let found: Awaited<ReturnType<typeof teamsOf>> = [];
    const { calls } = await counter.of(async () => {
      found = await teamsOf(table, company.organization_id, someone.user_id);
    });
    expect(calls).toBe(1);
    expect(found.map(({ team_id }) => team_id)).toEqual(chain.toReversed());
    expect(found.map(({ inherited_from }) => inherited_from)).toEqual([null, ...Array(4).fill(chain.at(-1))]);
  });

  it("are at most so many", async () => {
    const someone = await addMember(company, "viewer");
    const at = new Date();
    const teams = Array.from({ length: teamLimits.teams_of_user }, () => newId("team", at));
    const places = teams.map((team_id) => ({ team_id, role: "member" as const }));
    await own().transact([replacePlaces(own(), someone.user_id, undefined, places, at)]);
    const id = await made();
    const refused = await ask(operations.addMember, `/teams/${id}/members`, { user_id: someone.user_id });
    expect([refused.status, refused.body.limit]).toEqual([409, teamLimits.teams_of_user]);
  });

  it("are left one by one by whoever leaves the organization: counted, told once, and done again without effect", async () => {
    const someone = await addMember(company, "viewer");
    const id = await made();
    await ask(operations.addMember, `/teams/${id}/members`, { user_id: someone.user_id, role: "lead" });
    const { organization_id } = company;
    const leave = (team_id: string) =>
      leaveTeam(stackTable(), organization_id, { team_id, user_id: someone.user_id }, new Date());
    for (const { team_id } of await placesOf(stackTable(), organization_id, someone.user_id)) {
      const step = await leave(team_id);
      expect(step.events.map(({ type, data }) => [type, data.role])).toEqual([["team.member_removed", "lead"]]);
      await stackTable().transact(step.writes);
      await expect(leave(team_id)).rejects.toMatchObject({ code: "precondition_failed" });
    }
    expect(await own().get(userTeamsItem, { user_id: someone.user_id })).toBeUndefined();
    expect((await own().get(teamItem, { id }))?.member_count).toBe(0);
  });
});

describe("a team", () => {
  it(`has at most ${teamLimits.members} members, whoever adds them at the same moment`, async () => {
    const id = await made();
    const almost = teamLimits.members - 1;
    await own().transact([own().writes.update(teamItem, { id }, { set: { member_count: almost } })]);
    const people = await Promise.all([1, 2, 3].map(() => addMember(company, "viewer")));
    const answers = await Promise.all(
      people.map(({ user_id }) => ask(operations.addMember, `/teams/${id}/members`, { user_id })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.limit).toBe(teamLimits.members);
  });
});
