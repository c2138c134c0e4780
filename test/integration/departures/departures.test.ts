import { describe, expect, it } from "vitest";
import { threadItem } from "../../../functions/agents/threads/store.ts";
import { depart } from "../../../functions/departures/consumers.ts";
import { placesOf } from "../../../functions/teams/public.ts";
import { departure, removalItem } from "../../../functions/users/store.ts";
import { workspaceItem, workspaceMemberItem } from "../../../functions/workspaces/store.ts";
import { apiKeyItem } from "../../../shared/access/keys/items.ts";
import { addSeconds } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { ownedItem } from "../../../shared/identity/owned.ts";
import { ownerCountItem } from "../../../shared/identity/owners.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { agentBody } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { Crash, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { invited, linkOf } from "../../support/invitations.ts";
import { apiKey } from "../../support/keys.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackTable } from "../../support/stack.ts";

const look = (company: Company, gone: TestMember, now = new Date(), table: Table = stackTable()) =>
  depart(
    { tenant: company.organization_id, kind: departure.kind, ref: gone.user_id, at: now.toISOString() },
    { table, clock: { now: () => now } },
  );
/** The deployed function would do it within the minute; here the test does. */
async function keepFromSweeper({ organization_id }: Company, { user_id }: TestMember): Promise<void> {
  await stackTable().transact([departure.clear(stackTable().of(organization_id), user_id)]);
}
const removalOf = (company: Company, { user_id }: TestMember) =>
  stackTable().of(company.organization_id).get(removalItem, { user_id });
const workspaceOf = (company: Company, id: string) =>
  stackTable().of(company.organization_id).get(workspaceItem, { id });
const seat = (company: Company, workspace_id: string, { user_id }: { user_id: string }) =>
  stackTable().of(company.organization_id).get(workspaceMemberItem, { workspace_id, user_id });

/** Who owns these things, each once. */
async function ownersOf(company: Company, owned: Readonly<Record<string, readonly string[]>>): Promise<string[]> {
  const owners = new Set<string>();
  for (const [kind, ids] of Object.entries(owned))
    for (const id of ids) owners.add((await company.call("GET", `/${kind}/${id}`)).body.owner_id);
  return [...owners];
}
/** Ids of what a member looks after, by the way that a departure finds them. */
async function ownedBy({ organization_id }: Company, { user_id }: { user_id: string }): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of stackTable()
    .of(organization_id)
    .all(ownedItem, { of: { owner_id: user_id } }))
    ids.push(id);
  return ids.toSorted();
}

/** A member who owns agents, a pipeline, a schedule and a webhook, owns a workspace alone, another one with the company's owner, leads a team, and has sent an invitation. */
async function leaver(company: Company) {
  const gone = await addMember(company, "org_admin");
  const make = async (caller: { call: Company["call"] }) =>
    (await caller.call("POST", "/workspaces", { name: unique("Space") })).body.id as string;
  const [alone, archived, shared] = [await make(gone), await make(gone), await make(company)];
  await gone.call("POST", `/workspaces/${archived}/archive`);
  await company.call("POST", `/workspaces/${shared}/members`, { user_id: gone.user_id, role: "owner" });
  const team = (await company.call("POST", "/teams", { name: unique("Team") })).body.id as string;
  await company.call("POST", `/teams/${team}/members`, { user_id: gone.user_id, role: "lead" });
  const sent = await gone.call("POST", "/invitations", { email: `${unique("x")}@example.com`, role: "viewer" });
  const owned = {
    agents: [
      (await gone.call("POST", "/agents", agentBody())).body.id,
      (await gone.call("POST", "/agents", agentBody())).body.id,
    ] as string[],
    pipelines: [
      (await gone.call("POST", "/pipelines", { name: unique("Pipe"), pattern: "sequential" })).body.id,
    ] as string[],
    schedules: [] as string[],
    webhooks: [
      (await gone.call("POST", "/webhooks", { name: "Hook", url: "https://example.com/", events: ["agent.purged"] }))
        .body.id,
    ] as string[],
  };
  const [pipeline_id] = owned.pipelines;
  const trigger = { kind: "cron", cron: "0 0 1 1 *" };
  owned.schedules.push((await gone.call("POST", "/schedules", { name: "Yearly", pipeline_id, trigger })).body.id);
  const thread = (await gone.call("POST", `/agents/${owned.agents[0]}/threads`, {})).body.id as string;
  await gone.call("DELETE", `/agents/${owned.agents[1]}`);
  const key = (await apiKey(gone, { scopes: ["agents:read"] })).id;
  return { gone, key, thread, alone, archived, shared, team, owned, invitation: sent.body.id as string };
}

describe("what a removed member held", () => {
  it("is given up thing by thing: seats, ownership to the successor, invitations; counted, on record, and settled", async () => {
    const company = await roomyCompany();
    const { gone, key, thread, alone, archived, shared, team, owned, invitation } = await leaver(company);
    const heir = await addMember(company, "developer");
    const used = async () =>
      (await stackTable().of(company.organization_id).get(quotaItem, { resource: "users" }))?.used;
    const before = await used();
    const removed = await company.call("DELETE", `/users/${gone.user_id}?successor_id=${heir.user_id}`);
    expect([removed.status, await used()]).toEqual([202, (before ?? 0) - 1]);
    const dues = (await dueOf(company.organization_id)).filter(({ ref }) => ref === gone.user_id);
    expect(dues.map(({ kind }) => kind)).toEqual([departure.kind]);
    await keepFromSweeper(company, gone);

    const now = new Date();
    expect(await look(company, gone, now)).toEqual(addSeconds(now, 60));
    expect(await removalOf(company, gone)).toMatchObject({
      status: "running",
      invitations_revoked: 1,
      teams_left: 1,
      workspaces_left: 3,
      workspaces_handed_over: 2,
      agents_handed_over: 2,
      pipelines_handed_over: 1,
      schedules_handed_over: 1,
      webhooks_handed_over: 1,
      threads_deleted: 1,
      api_keys_revoked: 1,
    });
    const kept = await stackTable().of(company.organization_id).get(apiKeyItem, { id: key });
    expect(kept).toMatchObject({ status: "revoked", revoked_reason: "owner_removed", owner_id: gone.user_id });
    expect(await stackTable().of(company.organization_id).get(threadItem, { id: thread })).toBeUndefined();
    expect((await dueOf(company.organization_id)).find(({ ref }) => ref === thread)?.kind).toBe("thread_erasure");
    expect(await ownersOf(company, owned)).toEqual([heir.user_id]);
    expect(await ownedBy(company, gone)).toEqual([]);
    expect(await ownedBy(company, heir)).toEqual(Object.values(owned).flat().toSorted());
    for (const id of [alone, archived]) {
      expect((await seat(company, id, heir))?.role).toBe("owner");
      expect(await workspaceOf(company, id)).toMatchObject({ owner_count: 1, member_count: 1 });
    }
    expect(await workspaceOf(company, shared)).toMatchObject({ owner_count: 1, member_count: 1 });
    for (const id of [alone, archived, shared]) expect(await seat(company, id, gone)).toBeUndefined();
    expect((await company.call("GET", `/invitations/${invitation}`)).body.status).toBe("revoked");
    expect((await company.call("GET", `/teams/${team}`)).body.member_count).toBe(0);
    expect(await placesOf(stackTable(), company.organization_id, gone.user_id)).toEqual([]);

    expect(await look(company, gone, addSeconds(now, 60))).toBeUndefined();
    expect((await removalOf(company, gone))?.status).toBe("completed");
    expect(await look(company, gone, addSeconds(now, 90))).toBeUndefined();
    const audit = await company.call("GET", `/audit/logs?limit=100`);
    const actions = audit.body.items
      .filter((entry: { actor: { id: string } }) => entry.actor.id === "departure")
      .map((entry: { action: string }) => entry.action)
      .sort();
    expect(actions).toEqual(
      [
        "agent.updated",
        "agent.updated",
        "agent.thread_deleted",
        "api_key.revoked",
        "pipeline.updated",
        "schedule.updated",
        "webhook.updated",
        "invitation.revoked",
        "team.member_removed",
        ...Array.from({ length: 2 }, () => "workspace.member_added"),
        ...Array.from({ length: 3 }, () => "workspace.member_removed"),
      ].sort(),
    );
  });

  it("is given up once by workers that die at any write and by several at once", async () => {
    const company = await roomyCompany();
    const { gone, alone, archived, shared, team, owned } = await leaver(company);
    expect((await company.call("DELETE", `/users/${gone.user_id}`)).status).toBe(202);
    await keepFromSweeper(company, gone);
    const now = new Date();
    for (const [i, dies] of (["before", "after", "after", "before", "after"] as const).entries()) {
      let writes = 0;
      const table = faultyTable(onWrites(() => (writes++ === i % 2 ? dies : undefined)));
      await expect(look(company, gone, now, table)).rejects.toThrow(Crash);
    }
    await Promise.all(Array.from({ length: 3 }, () => look(company, gone, now)));
    expect(await removalOf(company, gone)).toMatchObject({
      invitations_revoked: 1,
      teams_left: 1,
      workspaces_left: 3,
      workspaces_handed_over: 2,
      agents_handed_over: 2,
      pipelines_handed_over: 1,
      schedules_handed_over: 1,
      webhooks_handed_over: 1,
    });
    expect(await ownersOf(company, owned)).toEqual([company.user_id]);
    for (const id of [alone, archived, shared]) {
      expect(await workspaceOf(company, id)).toMatchObject({ owner_count: 1, member_count: 1 });
      expect((await seat(company, id, company))?.role).toBe("owner");
    }
    expect((await company.call("GET", `/teams/${team}`)).body.member_count).toBe(0);
  });

  it("is told of where nothing of it can be given up, look after look", async () => {
    const company = await roomyCompany();
    const gone = await addMember(company, "org_admin");
    await gone.call("POST", "/invitations", { email: `${unique("x")}@example.com`, role: "viewer" });
    await company.call("DELETE", `/users/${gone.user_id}`);
    await keepFromSweeper(company, gone);
    // A count that is wrong refuses each revocation.
    const tenant = stackTable().of(company.organization_id);
    const wrong = { set: { resource: "invitations", used: 0 } };
    await tenant.transact([tenant.writes.update(quotaItem, { resource: "invitations" }, wrong, {})]);
    expect(await look(company, gone)).toBeInstanceOf(Date);
    await expect(look(company, gone)).rejects.toThrow("No invitations are counted");
    expect((await removalOf(company, gone))?.status).toBe("running");
  });

  it("stays with them from the moment at which they have joined again", async () => {
    const company = await roomyCompany();
    const { gone, alone } = await leaver(company);
    await company.call("DELETE", `/users/${gone.user_id}`);
    await keepFromSweeper(company, gone);
    const { id } = await invited(company, gone.email, "developer");
    const back = await gone.call("POST", "/invitations/accept", { token: await linkOf(company, id) });
    expect(back.status).toBe(200);
    expect(await look(company, gone)).toBeUndefined();
    expect((await seat(company, alone, gone))?.role).toBe("owner");
    expect((await removalOf(company, gone))?.status).toBe("completed");
  });
});

describe("what a member owns", () => {
  it("is theirs by making it, goes to another member or to nobody by a change, and to nobody who is no member", async () => {
    const company = await roomyCompany();
    const maker = await addMember(company, "org_admin");
    const heir = await addMember(company, "viewer");
    const [suspended, stranger] = [await addMember(company, "viewer", "suspended"), await registerCompany()];
    const made = [
      ["agents", agentBody()],
      ["pipelines", { name: unique("Pipe"), pattern: "sequential" }],
      ["webhooks", { name: "Hook", url: "https://example.com/", events: ["agent.purged"] }],
    ] as const;
    for (const [path, body] of made) {
      const thing = (await maker.call("POST", `/${path}`, body)).body;
      expect(thing.owner_id).toBe(maker.user_id);
      expect(await ownedBy(company, maker)).toEqual([thing.id]);
      const give = (owner_id: string | null) => maker.call("PATCH", `/${path}/${thing.id}`, { owner_id });
      for (const { user_id } of [suspended, stranger]) {
        const refused = await give(user_id);
        expect([refused.status, refused.body.code, refused.body.issues[0].path]).toEqual([
          422,
          "reference_not_found",
          "owner_id",
        ]);
      }
      expect((await give(heir.user_id)).body.owner_id).toBe(heir.user_id);
      expect([await ownedBy(company, maker), await ownedBy(company, heir)]).toEqual([[], [thing.id]]);
      expect((await give(null)).body.owner_id).toBeNull();
      expect(await ownedBy(company, heir)).toEqual([]);
      const both = await Promise.all([give(maker.user_id), give(heir.user_id), give(maker.user_id)]);
      expect(both.map(({ status }) => status)).toEqual([200, 200, 200]);
      const { owner_id } = (await company.call("GET", `/${path}/${thing.id}`)).body;
      expect(await ownedBy(company, { user_id: owner_id })).toEqual([thing.id]);
      await give(null);
      expect([await ownedBy(company, maker), await ownedBy(company, heir)]).toEqual([[], []]);
      if (path === "webhooks") {
        await give(heir.user_id);
        expect((await maker.call("DELETE", `/webhooks/${thing.id}`)).status).toBe(204);
        expect(await ownedBy(company, heir)).toEqual([]);
      }
    }
  });
});

describe("two owners", () => {
  it("who remove each other or leave at the same moment are never both gone", async () => {
    const company = await roomyCompany();
    for (let i = 0; i < 4; i++) {
      const other = await addMember(company, "org_owner");
      const heir = await addMember(company, "viewer");
      const successor_id = heir.user_id;
      const answers = await Promise.all([
        company.call("POST", "/users/me/leave", { successor_id }),
        other.call("POST", "/users/me/leave", { successor_id }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
      const tenant = stackTable().of(company.organization_id);
      expect((await tenant.get(ownerCountItem, {}))?.owners).toBe(1);
      if (answers[0]?.status !== 202) continue;
      // Back to where the next round begins.
      const { id } = await invited({ ...company, call: other.call } as Company, company.email, "org_owner");
      await company.call("POST", "/invitations/accept", { token: await linkOf(company, id) });
      await company.call("DELETE", `/users/${other.user_id}`);
      expect((await tenant.get(membershipItem, { user_id: company.user_id }))?.status).toBe("active");
    }
  });
});
