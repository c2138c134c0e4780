import { describe, expect, it } from "vitest";
import { membershipItem } from "../../../shared/identity/items.ts";
import { type Company, unique } from "../../support/api.ts";
import { createConnection } from "../../support/connections.ts";
import { newDomain } from "../../support/domains.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { ownRole } from "../../support/roles.ts";
import { bring, describeTo, directoryOf, group, ownDomain, patchOf, posted } from "../../support/scim.ts";
import { stackTable } from "../../support/stack.ts";

const roleOf = async ({ organization_id }: Company, user_id: string) =>
  (await stackTable().of(organization_id).get(membershipItem, { user_id }))?.role;

describe("a role of the organization's own that a directory gives", () => {
  it("is given with the joining and by groups, and goes with them", async () => {
    const company = await roomyCompany();
    const [joins, builds] = [await ownRole(company, ["teams:read"]), await ownRole(company, ["agents:*"])];
    const [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
    const set = await company.call("PATCH", "/scim/settings", {
      default_role: joins,
      group_rules: [{ group: "Builders", role: builds }],
    });
    expect([set.status, set.body.default_role], set.text).toEqual([200, joins]);
    const one = await bring(directory, domain);
    expect(await roleOf(company, one)).toBe(joins);
    const { id } = (await directory.call("POST", "/Groups", group("Builders", [one]))).body;
    expect(await roleOf(company, one)).toBe(builds);
    await directory.call("PATCH", `/Groups/${id}`, patchOf({ op: "remove", path: `members[value eq "${one}"]` }));
    expect(await roleOf(company, one)).toBe(joins);
  });

  it("is none that manages people, when it is named and when it has come to later", async () => {
    const company = await roomyCompany();
    const manager = await ownRole(company, ["users:suspend"]);
    const role = await ownRole(company, ["teams:read"]);
    const domain_id = (await company.call("POST", "/domains", { domain: newDomain() })).body.id;
    for (const [path, body, field] of [
      ["/scim/settings", { default_role: manager }, "default_role"],
      ["/scim/settings", { group_rules: [{ group: "G", role: manager }] }, "group_rules.0.role"],
      [`/domains/${domain_id}`, { default_role: manager }, "default_role"],
    ] as const) {
      const refused = await company.call("PATCH", path, body);
      expect([refused.status, refused.body.code, refused.body.issues?.[0].path]).toEqual([
        422,
        "validation_failed",
        field,
      ]);
    }
    const [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
    await company.call("PATCH", "/scim/settings", {
      default_role: "viewer",
      group_rules: [{ group: "Builders", role }],
    });
    const one = await bring(directory, domain);
    expect((await company.call("PATCH", `/roles/${role}`, { grants: ["users:*"] })).status).toBe(200);
    await directory.call("POST", "/Groups", group("Builders", [one]));
    expect(await roleOf(company, one)).toBe("viewer");
    await company.call("PATCH", "/scim/settings", { group_rules: [] });
    await company.call("PATCH", `/roles/${role}`, { grants: ["teams:read"] });
    await company.call("PATCH", "/scim/settings", { default_role: role });
    await company.call("PATCH", `/roles/${role}`, { grants: ["users:*"] });
    const refused = await directory.call("POST", "/Users", posted(`${unique("p")}@${domain}`));
    expect(refused.status).toBe(409);
  });

  it("may be any of all that there are, in as many rules", async () => {
    const company = await roomyCompany();
    const roles: string[] = [];
    for (let i = 0; i < 50; i++) roles.push(await ownRole(company, ["teams:read"]));
    const group_rules = roles.map((role, i) => ({ group: `G${i}`, role }));
    const set = await company.call("PATCH", "/scim/settings", { default_role: roles[0], group_rules });
    expect([set.status, set.body.group_rules], set.text).toEqual([200, group_rules]);
    const sso = await createConnection(company);
    const ruled = await company.call("PATCH", `/sso/connections/${sso.id}`, { group_rules });
    expect([ruled.status, ruled.body.group_rules], ruled.text).toEqual([200, group_rules]);
  }, 60_000);

  it("is not taken from whoever got one from people that manages others", async () => {
    const company = await roomyCompany();
    const manager = await ownRole(company, ["users:*"]);
    const directory = await directoryOf(company);
    const member = await addMember(company, manager);
    await company.call("PATCH", "/scim/settings", { group_rules: [{ group: "Builders", role: "developer" }] });
    await describeTo(company, directory, member);
    await directory.call("POST", "/Groups", group("Builders", [member.user_id]));
    expect(await roleOf(company, member.user_id)).toBe(manager);
  });
});

describe("a directory's token", () => {
  it("moves nobody whose role of the organization's own grants more than its maker's built-in roles, as it grants now", async () => {
    const company = await roomyCompany();
    const admin = await addMember(company, "org_admin");
    const role = await ownRole(company, ["agents:*"]);
    const member = await addMember(company, role);
    const directory = await directoryOf({ ...company, call: admin.call });
    await describeTo(company, directory, member);
    const off = (active: boolean) =>
      directory.call("PATCH", `/Users/${member.user_id}`, patchOf({ op: "replace", path: "active", value: active }));
    expect((await off(false)).status).toBe(200);
    expect((await off(true)).status).toBe(200);
    await company.call("PATCH", `/roles/${role}`, { grants: ["agents:*", "billing:update"] });
    expect((await off(false)).status).toBe(403);
  });
});

describe("the deletion of a role", () => {
  it("is refused while something gives it to people who are yet to come, all of which is named", async () => {
    const company = await roomyCompany();
    const role = await ownRole(company, ["teams:read"]);
    const domain_id = (await company.call("POST", "/domains", { domain: newDomain() })).body.id;
    expect((await company.call("PATCH", `/domains/${domain_id}`, { default_role: role })).status).toBe(200);
    await company.call("PATCH", "/scim/settings", { default_role: role });
    const sso = await createConnection(company);
    const rules = { group_rules: [{ group: "Builders", role }] };
    const ruled = await company.call("PATCH", `/sso/connections/${sso.id}`, rules);
    expect([ruled.status, ruled.body.group_rules], ruled.text).toEqual([200, rules.group_rules]);
    const invited = await company.call("POST", "/invitations", { email: `${unique("g")}@example.com`, role });
    const account = await company.call("POST", "/service-accounts", { name: "CI", role });
    expect(account.status, account.text).toBe(201);
    const refused = await company.call("DELETE", `/roles/${role}?replacement=viewer`);
    expect([refused.status, refused.body.state]).toEqual([409, "named"]);
    expect(refused.body.named_by).toEqual([
      { type: "invitation", id: invited.body.id },
      { type: "domain", id: domain_id },
      { type: "sso_connection", id: sso.id },
      { type: "service_account", id: account.body.id },
      { type: "scim_settings", id: company.organization_id },
    ]);
    await company.call("DELETE", `/invitations/${invited.body.id}`);
    const fewer = await company.call("DELETE", `/roles/${role}?replacement=viewer`);
    expect(fewer.body.named_by).toHaveLength(4);
  });
});
