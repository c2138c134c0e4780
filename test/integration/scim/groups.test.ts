import { beforeAll, describe, expect, it } from "vitest";
import {
  countItem,
  externalIdItem,
  scimGroupItem,
  scimUserItem,
  scimUserNameItem,
} from "../../../functions/scim/store.ts";
import { teamItem, teamMemberItem, userTeamsItem } from "../../../functions/teams/store.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { type Company, eventually, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { bring, type Directory, directoryOf, group, ownDomain, patchOf, posted } from "../../support/scim.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let directory: Directory;
let domain: string;
let people: string[];
beforeAll(async () => {
  company = await roomyCompany();
  [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
  people = [];
  for (let i = 0; i < 40; i++) people.push(await bring(directory, domain));
});

const own = () => stackTable().of(company.organization_id);
const made = async (members: readonly string[] = [], more: object = {}): Promise<string> => {
  const answer = await directory.call("POST", "/Groups", group(unique("Group"), members, more));
  expect(answer.status, answer.text).toBe(201);
  return answer.body.id;
};
const membersOf = async (id: string): Promise<string[]> =>
  ((await directory.call("GET", `/Groups/${id}`)).body.members ?? []).map(({ value }: { value: string }) => value);
const roleOf = async (user_id: string) => (await own().get(membershipItem, { user_id }))?.role;
const values = (ids: readonly string[]) => ids.map((value) => ({ value }));

describe("a group of the directory", () => {
  it("is a team that the directory keeps: people change neither its name nor its members", async () => {
    const [one, two] = people as [string, string];
    const name = unique("Engineering");
    const created = await directory.call("POST", "/Groups", group(name, [one, two], { externalId: unique("g") }));
    expect(created.status).toBe(201);
    expect(created.body.members.map(({ value }: { value: string }) => value).sort()).toEqual([one, two].sort());
    const { id } = created.body;
    const team = (await company.call("GET", `/teams/${id}`)).body;
    expect(team).toMatchObject({ name, member_count: 2, directory: true });
    const refused = await Promise.all([
      company.call("PATCH", `/teams/${id}`, { name: unique("Other") }),
      company.call("POST", `/teams/${id}/members`, { user_id: company.user_id }),
      company.call("DELETE", `/teams/${id}/members/${one}`),
      company.call("POST", "/invitations", { email: `${unique("g")}@example.com`, role: "viewer", team_ids: [id] }),
    ]);
    expect(refused.map(({ status, body }) => [status, body.state])).toEqual(
      refused.map(() => [409, "kept_by_directory"]),
    );
    expect((await company.call("PATCH", `/teams/${id}`, { description: "Ours" })).status).toBe(200);
  });

  it("has a name of its own, among teams that people have made too, and an externalId, whoever asks at the same time", async () => {
    const name = unique("Same");
    const same = await Promise.all(
      [name, name.toUpperCase(), name].map((one) => directory.call("POST", "/Groups", group(one))),
    );
    expect(same.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const externalId = unique("g");
    const twins = await Promise.all(
      [1, 2, 3].map(() => directory.call("POST", "/Groups", group(unique("Twin"), [], { externalId }))),
    );
    expect(twins.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const hand = unique("Hand");
    await company.call("POST", "/teams", { name: hand });
    const refused = await directory.call("POST", "/Groups", group(hand));
    expect([refused.status, refused.body.scimType]).toEqual([409, "uniqueness"]);
  });

  it("names people of this directory, and nothing is made where it names somebody else", async () => {
    const outsider = await addMember(company, "viewer");
    const id = await made();
    for (const nobody of [outsider.user_id, "usr_00000000000000000000000001", "what?"]) {
      const refused = await directory.call(
        "PATCH",
        `/Groups/${id}`,
        patchOf({ op: "add", path: "members", value: values([people[0] ?? "", nobody]) }),
      );
      expect([refused.status, refused.body.scimType]).toEqual([400, "invalidValue"]);
    }
    const nested = { op: "add", path: "members", value: [{ value: id, type: "Group" }] };
    expect((await directory.call("PATCH", `/Groups/${id}`, patchOf(nested))).status).toBe(400);
    expect(await membersOf(id)).toEqual([]);
  });

  it("takes members in the dialects of Entra and Okta, many at a time, and again without harm", async () => {
    const id = await made();
    const add = patchOf({ op: "Add", path: "members", value: values(people) });
    const first = await directory.call("PATCH", `/Groups/${id}`, add);
    expect([first.status, first.text]).toEqual([204, ""]);
    expect(first.headers.get("etag")).toMatch(/^W\//);
    expect((await directory.call("PATCH", `/Groups/${id}`, add)).status).toBe(204);
    expect((await membersOf(id)).sort()).toEqual(people.toSorted());
    expect(await own().get(teamItem, { id })).toMatchObject({ member_count: people.length });
    const [one, two, three] = people as [string, string, string];
    await directory.call("PATCH", `/Groups/${id}`, patchOf({ op: "Remove", path: `members[value eq "${one}"]` }));
    await directory.call("PATCH", `/Groups/${id}`, patchOf({ op: "Remove", path: "members", value: values([two]) }));
    expect((await membersOf(id)).sort()).toEqual(people.slice(2).toSorted());
    await directory.call(
      "PATCH",
      `/Groups/${id}`,
      patchOf({ op: "replace", value: { members: values([three, one]) } }),
    );
    expect((await membersOf(id)).sort()).toEqual([one, three].sort());
    expect((await own().get(userTeamsItem, { user_id: two }))?.teams ?? []).not.toContainEqual(
      expect.objectContaining({ team_id: id }),
    );
    await directory.call("PATCH", `/Groups/${id}`, patchOf({ op: "remove", path: "members" }));
    expect(await membersOf(id)).toEqual([]);
    expect(await own().get(teamItem, { id })).toMatchObject({ member_count: 0 });
  });

  it("loses nobody whom two writers put into it at the same time", async () => {
    const id = await made();
    const writers = people.slice(0, 8);
    const answers = await Promise.all(
      writers.map((one) =>
        directory.call("PATCH", `/Groups/${id}`, patchOf({ op: "add", path: "members", value: values([one]) })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(writers.map(() => 204));
    expect((await membersOf(id)).sort()).toEqual(writers.toSorted());
    expect(await own().get(teamItem, { id })).toMatchObject({ member_count: writers.length });
  });

  it("is refused to a writer who has seen another version, also of its members", async () => {
    const id = await made();
    const { version } = (await directory.call("GET", `/Groups/${id}`)).body.meta;
    const [one, two] = people as [string, string];
    const patch = (value: string) => patchOf({ op: "add", path: "members", value: values([value]) });
    const headers = { "if-match": version };
    expect((await directory.call("PATCH", `/Groups/${id}`, patch(one), headers)).status).toBe(204);
    expect((await directory.call("PATCH", `/Groups/${id}`, patch(two), headers)).status).toBe(412);
    expect(await membersOf(id)).toEqual([one]);
  });

  it("is renamed, replaced and deleted with its team, and its name is free then", async () => {
    const externalId = unique("g");
    const [one, two] = people as [string, string];
    const id = await made([one], { externalId });
    const name = unique("Renamed");
    const put = await directory.call("PUT", `/Groups/${id}`, group(name, [two], { externalId }));
    expect([put.status, put.body.displayName, put.body.members]).toEqual([
      200,
      name,
      [expect.objectContaining({ value: two })],
    ]);
    expect((await company.call("GET", `/teams/${id}`)).body.name).toBe(name);
    expect((await directory.call("DELETE", `/Groups/${id}`)).status).toBe(204);
    for (const gone of [
      await directory.call("GET", `/Groups/${id}`),
      await directory.call("DELETE", `/Groups/${id}`),
      await company.call("GET", `/teams/${id}`),
    ])
      expect(gone.status).toBe(404);
    const again = await directory.call("POST", "/Groups", group(name, [], { externalId }));
    expect(again.status).toBe(201);
  });

  it("is forgotten when people delete the team", async () => {
    const id = await made();
    expect((await company.call("DELETE", `/teams/${id}`)).status).toBe(204);
    expect((await directory.call("GET", `/Groups/${id}`)).status).toBe(404);
    await eventually(
      async () => ((await own().get(scimGroupItem, { id })) === undefined ? true : undefined),
      "the group is forgotten",
    );
  });

  it("is found by what directories ask before they write, and by its members", async () => {
    const [one, two] = people as [string, string];
    const name = unique("Sought");
    const externalId = unique("g");
    const { id } = (await directory.call("POST", "/Groups", group(name, [one], { externalId }))).body;
    const found = async (filter: string) => {
      const query = new URLSearchParams({ filter, excludedAttributes: "members" });
      const answer = await directory.call("GET", `/Groups?${query}`);
      expect(answer.status, answer.text).toBe(200);
      return answer.body.Resources.map((each: { id: string }) => each.id);
    };
    expect(await found(`displayName eq "${name.toUpperCase()}"`)).toEqual([id]);
    expect(await found(`externalId eq "${externalId}"`)).toEqual([id]);
    expect(await found(`id eq "${id}" and members eq "${one}"`)).toEqual([id]);
    expect(await found(`id eq "${id}" and members eq "${two}"`)).toEqual([]);
    expect(await found(`members[value eq "${one}"] and displayName sw "${name}"`)).toEqual([id]);
    expect(await found(`displayName co "${name.slice(2)}"`)).toEqual([id]);
    const refused = await directory.call("GET", `/Groups?filter=${encodeURIComponent('members sw "usr"')}`);
    expect([refused.status, refused.body.scimType]).toEqual([400, "invalidFilter"]);
    const user = await directory.call("GET", `/Users/${one}?attributes=groups`);
    expect(user.body.groups).toContainEqual(expect.objectContaining({ value: id, display: name }));
  });
});

describe("a role by a group", () => {
  it("is had as long as somebody is in the group: first rule first, never of those whom people made administrators", async () => {
    const other = await roomyCompany();
    const [of, name] = await Promise.all([directoryOf(other), ownDomain(other)]);
    const tenant = stackTable().of(other.organization_id);
    const role = async (user_id: string) => (await tenant.get(membershipItem, { user_id }))?.role;
    const rules = [
      { group: "builders", role: "developer" },
      { group: "Keepers", role: "operator" },
    ];
    const set = await other.call("PATCH", "/scim/settings", { default_role: "billing_admin", group_rules: rules });
    expect(set.status, set.text).toBe(200);
    for (const forbidden of ["org_owner", "org_admin"])
      expect(
        (await other.call("PATCH", "/scim/settings", { group_rules: [{ group: "x", role: forbidden }] })).status,
      ).toBe(422);
    const [one, two] = [await bring(of, name), await bring(of, name)];
    expect(await role(one)).toBe("billing_admin");
    const builders = (await of.call("POST", "/Groups", group("Builders", [one]))).body.id;
    const keepers = (await of.call("POST", "/Groups", group("Keepers", [one, two]))).body.id;
    expect([await role(one), await role(two)]).toEqual(["developer", "operator"]);
    await of.call("PATCH", `/Groups/${builders}`, patchOf({ op: "remove", path: `members[value eq "${one}"]` }));
    expect(await role(one)).toBe("operator");
    await of.call("PATCH", `/Groups/${keepers}`, patchOf({ op: "replace", path: "displayName", value: "Others" }));
    expect([await role(one), await role(two)]).toEqual(["billing_admin", "billing_admin"]);
    await of.call("PATCH", `/Groups/${builders}`, patchOf({ op: "add", path: "members", value: values([one, two]) }));
    expect([await role(one), await role(two)]).toEqual(["developer", "developer"]);
    await other.call("PATCH", `/users/${two}`, { role: "org_admin" });
    expect((await of.call("DELETE", `/Groups/${builders}`)).status).toBe(204);
    expect([await role(one), await role(two)]).toEqual(["billing_admin", "org_admin"]);
  });

  it("is none of a team that people keep, whatever it is called", async () => {
    const other = await roomyCompany();
    const [of, name] = await Promise.all([directoryOf(other), ownDomain(other)]);
    const one = await bring(of, name);
    await other.call("PATCH", "/scim/settings", { group_rules: [{ group: "Builders", role: "developer" }] });
    const team = (await other.call("POST", "/teams", { name: "Builders" })).body.id;
    await other.call("POST", `/teams/${team}/members`, { user_id: one });
    await of.call("POST", "/Groups", group("Others", [one]));
    const membership = await stackTable().of(other.organization_id).get(membershipItem, { user_id: one });
    expect(membership?.role).toBe("viewer");
  });
});

describe("people and groups", () => {
  it("who are deleted leave nothing of the directory behind: no record, no name, no count", async () => {
    const other = await roomyCompany();
    const [of, name] = await Promise.all([directoryOf(other), ownDomain(other)]);
    const tenant = stackTable().of(other.organization_id);
    const user = posted(`${unique("p")}@${name}`, { externalId: "u" });
    const { id } = (await of.call("POST", "/Users", user)).body;
    const team = (await of.call("POST", "/Groups", group("Group", [id], { externalId: "g" }))).body.id;
    expect((await of.call("DELETE", `/Groups/${team}`)).status).toBe(204);
    expect((await of.call("DELETE", `/Users/${id}`)).status).toBe(204);
    const left = await Promise.all([
      tenant.page(scimUserItem, { of: {}, limit: 5 }),
      tenant.page(scimGroupItem, { of: {}, limit: 5 }),
      tenant.page(scimUserNameItem, { of: {}, limit: 5 }),
      tenant.page(externalIdItem, { of: { kind: "user" }, limit: 5 }),
      tenant.page(externalIdItem, { of: { kind: "group" }, limit: 5 }),
    ]);
    expect(left.flatMap(({ items }) => items as unknown[])).toEqual([]);
    for (const kind of ["user", "group"] as const)
      expect(await tenant.get(countItem, { kind })).toEqual({ kind, count: 0 });
  });

  it("who are removed are in no group any more", async () => {
    const one = await bring(directory, domain);
    const id = await made([one]);
    expect((await directory.call("DELETE", `/Users/${one}`)).status).toBe(204);
    await eventually(
      async () => ((await own().get(teamMemberItem, { team_id: id, user_id: one })) === undefined ? true : undefined),
      "they have left the group",
    );
    expect(await roleOf(one)).toBe("viewer");
  });
});
