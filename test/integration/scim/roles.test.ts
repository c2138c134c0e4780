import { beforeAll, describe, expect, it } from "vitest";
import { followGroup } from "../../../functions/scim/consumers.ts";
import { changeMembers } from "../../../functions/scim/groups/members.ts";
import { applyRoles, type Judging } from "../../../functions/scim/groups/roles.ts";
import { scimGroupItem } from "../../../functions/scim/store.ts";
import { changedMembers, teamItem, userTeamsItem } from "../../../functions/teams/public.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { type Company, eventually, unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { bring, type Directory, directoryCall, directoryOf, group, ownDomain } from "../../support/scim.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let directory: Directory;
let domain: string;
beforeAll(async () => {
  company = await roomyCompany();
  [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
  const group_rules = [
    { group: "Builders", role: "developer" },
    { group: "Keepers", role: "operator" },
  ];
  await company.call("PATCH", "/scim/settings", { group_rules });
});

const own = () => stackTable().of(company.organization_id);
const roleOf = async (user_id: string) => (await own().get(membershipItem, { user_id }))?.role;
const made = async (name: string, members: readonly string[] = []): Promise<string> => {
  const answer = await directory.call("POST", "/Groups", group(name, members));
  expect(answer.status, answer.text).toBe(201);
  return answer.body.id;
};
const event = (type: string, data: Envelope["data"]): Envelope => ({
  id: newId("event", new Date()),
  type,
  version: 1,
  organization_id: company.organization_id,
  actor: { type: "scim_token", id: directory.token_id },
  occurred_at: new Date().toISOString(),
  trace_id: "test",
  data,
});
const deps = () => ({ table: stackTable(), clock: { now: () => new Date() } });

/** Members change as a request does that is broken off before it comes to roles; its events are kept back. */
async function moved(team_id: string, changed: { enter?: string[]; leave?: string[] }): Promise<void> {
  const team = await own().get(teamItem, { id: team_id });
  if (team === undefined) throw new Error("no team");
  const { writes } = await changedMembers(
    stackTable(),
    team,
    { enter: [], leave: [], ...changed },
    directory.token_id,
    new Date(),
  );
  await own().transact(writes);
}

const changesOf = async (user_id: string): Promise<number> =>
  (await company.call("GET", "/audit/logs?action=membership.role_changed&limit=100")).body.items.filter(
    ({ resource }: { resource: { id: string } }) => resource.id === user_id,
  ).length;

describe("a role by a group of which the request was broken off", () => {
  it("follows the event of who came and who went, once however often that comes", async () => {
    const id = await made("Builders");
    const one = await bring(directory, domain);
    await moved(id, { enter: [one] });
    expect(await roleOf(one)).toBe("viewer");
    const came = event("team.member_added", { team_id: id, name: "Builders", user_id: one, role: "member" });
    for (const _ of [1, 2]) await followGroup(came, deps());
    expect([await roleOf(one), await changesOf(one)]).toEqual(["developer", 1]);
    await moved(id, { leave: [one] });
    const went = event("team.member_removed", { team_id: id, name: "Builders", user_id: one, role: "member" });
    for (const _ of [1, 2]) await followGroup(went, deps());
    expect([await roleOf(one), await changesOf(one)]).toEqual(["viewer", 2]);
    expect((await directory.call("DELETE", `/Groups/${id}`)).status).toBe(204);
  });

  it("follows another name of the group", async () => {
    const [one, two] = [await bring(directory, domain), await bring(directory, domain)];
    const id = await made(unique("Nameless"), [one, two]);
    const team = await own().get(teamItem, { id });
    expect((await directory.call("PUT", `/Groups/${id}`, group("Keepers", [one, two]))).status).toBe(200);
    // As if the request had been broken off between the name and the roles.
    for (const user_id of [one, two]) {
      const membership = await own().get(membershipItem, { user_id });
      if (membership === undefined) throw new Error("nobody");
      const { writes } = own();
      await own().transact([writes.replace(membershipItem, { ...membership, role: "viewer" }, membership.etag)]);
    }
    await followGroup(
      event("team.updated", { team_id: id, name: "Keepers", parent_id: null, changed_fields: ["name"] }),
      deps(),
    );
    expect([team?.name === "Keepers", await roleOf(one), await roleOf(two)]).toEqual([false, "operator", "operator"]);
    expect((await directory.call("DELETE", `/Groups/${id}`)).status).toBe(204);
  });

  it("ends with the team when people delete it", async () => {
    const one = await bring(directory, domain);
    const id = await made("Builders", [one]);
    expect(await roleOf(one)).toBe("developer");
    expect((await company.call("DELETE", `/teams/${id}`)).status).toBe(204);
    await eventually(async () => ((await roleOf(one)) === "viewer" ? true : undefined), "the role has ended");
  });
});

describe("a role by groups", () => {
  it("is by those that somebody is in when it is written, whoever else changes them meanwhile", async () => {
    const one = await bring(directory, domain);
    const [builders, keepers] = [await made("Builders"), await made("Keepers")];
    await moved(keepers, { enter: [one] });
    const tenant = company.organization_id;
    const at = new Date();
    let tries = 0;
    const judging: Judging = {
      table: stackTable(),
      tenant,
      at,
      async commit(change) {
        // Another request puts them into a group that gives another role, after this one has judged.
        if (tries++ === 0) await moved(builders, { enter: [one] });
        await commitChange(stackTable(), systemContext(tenant, "test", at, 30), change);
      },
    };
    await applyRoles(judging, [one]);
    expect([await roleOf(one), tries]).toEqual(["developer", 2]);
    for (const id of [builders, keepers]) expect((await directory.call("DELETE", `/Groups/${id}`)).status).toBe(204);
    expect(await roleOf(one)).toBe("viewer");
  });

  it("stays with those whose group a stale request wants to delete", async () => {
    const one = await bring(directory, domain);
    const id = await made("Builders", [one]);
    const refused = await directory.call("DELETE", `/Groups/${id}`, undefined, { "if-match": 'W/"another"' });
    expect([refused.status, await roleOf(one)]).toEqual([412, "developer"]);
    expect((await directory.call("DELETE", `/Groups/${id}`)).status).toBe(204);
  });
});

describe("a group that is deleted while it is changed", () => {
  it("is not found, and gets no member", async () => {
    const one = await bring(directory, domain);
    const id = await made(unique("Gone"));
    const [record, team] = await Promise.all([own().get(scimGroupItem, { id }), own().get(teamItem, { id })]);
    if (record === undefined || team === undefined) throw new Error("no group");
    const call = await directoryCall(company, async (tries) => {
      if (tries === 0) expect((await directory.call("DELETE", `/Groups/${id}`)).status).toBe(204);
    });
    const changed = changeMembers(stackTable(), call, { record, team }, { enter: [one], leave: [] });
    await expect(changed).rejects.toMatchObject({ code: "not_found" });
    expect(await own().get(userTeamsItem, { user_id: one })).toBeUndefined();
  });
});

describe("a group that names nobody we know", () => {
  it("is not made, nor renamed, before it is refused", async () => {
    const nobody = "usr_00000000000000000000000001";
    const name = unique("Half");
    const refused = await directory.call("POST", "/Groups", group(name, [nobody]));
    expect([refused.status, refused.body.scimType]).toEqual([400, "invalidValue"]);
    const id = await made(name);
    const put = await directory.call("PUT", `/Groups/${id}`, group(unique("Renamed"), [nobody]));
    expect(put.status).toBe(400);
    expect((await directory.call("GET", `/Groups/${id}`)).body.displayName).toBe(name);
  });
});
