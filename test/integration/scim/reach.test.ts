import { describe, expect, it } from "vitest";
import { createUser } from "../../../functions/scim/users/create.ts";
import { emailItem, membershipItem, PLATFORM } from "../../../shared/identity/items.ts";
import { registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { directoryCall, directoryOf, ownDomain, patchOf, posted, readdress } from "../../support/scim.ts";
import { stackTable } from "../../support/stack.ts";

const off = patchOf({ op: "replace", path: "active", value: false });
const on = patchOf({ op: "replace", path: "active", value: true });

describe("how far a token reaches", () => {
  it("is how far its maker did: one of an administrator's moves no owner, one of an owner's does", async () => {
    const company = await roomyCompany();
    const [admin, owner, domain] = await Promise.all([
      addMember(company, "org_admin"),
      addMember(company, "org_owner"),
      ownDomain(company),
    ]);
    const standing = async () =>
      (await stackTable().of(company.organization_id).get(membershipItem, { user_id: owner.user_id }))?.status;
    const weak = await directoryOf({ ...company, call: admin.call });
    const strong = await directoryOf(company);
    const email = `${unique("o")}@${domain}`;
    await readdress(owner.user_id, email);
    const refused = [await weak.call("POST", "/Users", posted(email, { active: false }))];
    expect((await weak.call("POST", "/Users", posted(email))).body.id).toBe(owner.user_id);
    refused.push(
      await weak.call("PATCH", `/Users/${owner.user_id}`, off),
      await weak.call("PUT", `/Users/${owner.user_id}`, posted(email, { active: false })),
      await weak.call("DELETE", `/Users/${owner.user_id}`),
    );
    expect(refused.map(({ status, body }) => [status, body.status])).toEqual(refused.map(() => [403, "403"]));
    expect(await standing()).toBe("active");
    const title = patchOf({ op: "add", path: "title", value: "Countess" });
    expect((await weak.call("PATCH", `/Users/${owner.user_id}`, title)).status).toBe(200);
    expect((await strong.call("PATCH", `/Users/${owner.user_id}`, off)).body.active).toBe(false);
    expect((await weak.call("PATCH", `/Users/${owner.user_id}`, on)).status).toBe(403);
    expect((await strong.call("DELETE", `/Users/${owner.user_id}`)).status).toBe(204);
    const { items } = (await company.call("GET", "/scim/tokens")).body;
    expect(items.map(({ reach }: { reach: string[] }) => reach.includes("org_owner")).sort()).toEqual([false, true]);
  });

  it("is no way to roles beyond the administrator's own, by default or by rule", async () => {
    const company = await roomyCompany();
    const admin = await addMember(company, "org_admin");
    for (const body of [
      { default_role: "billing_admin" },
      { group_rules: [{ group: "Builders", role: "billing_admin" }] },
    ]) {
      const refused = await admin.call("PATCH", "/scim/settings", body);
      expect([refused.status, refused.body.permission]).toEqual([403, "billing:update"]);
    }
    expect((await admin.call("PATCH", "/scim/settings", { default_role: "developer" })).status).toBe(200);
  });
});

describe("what an administrator's rules take away", () => {
  it("is no role that the administrator could not take", async () => {
    const company = await roomyCompany();
    const [admin, biller, domain] = await Promise.all([
      addMember(company, "org_admin"),
      addMember(company, "billing_admin"),
      ownDomain(company),
    ]);
    const email = `${unique("b")}@${domain}`;
    await readdress(biller.user_id, email);
    const rules = { group_rules: [{ group: "Builders", role: "viewer" }] };
    const roleAfter = async (by: typeof admin.call, name: string) => {
      const set = await by("PATCH", "/scim/settings", { group_rules: [{ ...rules.group_rules[0], group: name }] });
      expect(set.status, set.text).toBe(200);
      const directory = await directoryOf({ ...company, call: by });
      await directory.call("POST", "/Users", posted(email));
      const schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
      const members = [{ value: biller.user_id }];
      const made = await directory.call("POST", "/Groups", { schemas, displayName: name, members });
      expect(made.status, made.text).toBe(201);
      const tenant = stackTable().of(company.organization_id);
      return (await tenant.get(membershipItem, { user_id: biller.user_id }))?.role;
    };
    expect(await roleAfter(admin.call, "Builders")).toBe("billing_admin");
    expect(await roleAfter(company.call, "Keepers")).toBe("viewer");
  });

  it("is not put into effect with a default that somebody else has chosen", async () => {
    const company = await roomyCompany();
    const admin = await addMember(company, "org_admin");
    expect((await company.call("PATCH", "/scim/settings", { default_role: "billing_admin" })).status).toBe(200);
    const first = await admin.call("PATCH", "/scim/settings", { group_rules: [{ group: "B", role: "viewer" }] });
    expect([first.status, first.body.permission]).toEqual([403, "billing:update"]);
  });
});

describe("whom an administrator has suspended", () => {
  it("stays so, whatever the directory says in turn; whom the directory has, is restored by it", async () => {
    const company = await roomyCompany();
    const [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
    const { id } = (await directory.call("POST", "/Users", posted(`${unique("p")}@${domain}`))).body;
    const say = async (what: object) => (await directory.call("PATCH", `/Users/${id}`, what)).body.active;
    expect((await company.call("POST", `/users/${id}/suspend`)).status).toBe(200);
    expect([await say(off), await say(on)]).toEqual([false, false]);
    expect((await company.call("POST", `/users/${id}/restore`)).status).toBe(200);
    expect([await say(off), await say(on)]).toEqual([false, true]);
    // The directory was first: what an administrator says then counts all the same.
    expect(await say(off)).toBe(false);
    expect((await company.call("POST", `/users/${id}/suspend`)).status).toBe(200);
    expect(await say(on)).toBe(false);
    expect((await company.call("POST", `/users/${id}/suspend`)).status).toBe(409);
    const brought = await directory.call("POST", "/Users", posted(`${unique("p")}@${domain}`, { active: false }));
    const begun = await directory.call("PATCH", `/Users/${brought.body.id}`, on);
    expect([brought.body.active, begun.body.active]).toEqual([false, true]);
  });
});

describe("whose address is somebody else's by the time they are brought", () => {
  it("does not join by it", async () => {
    const company = await roomyCompany();
    const guest = await registerCompany();
    const domain = await ownDomain(company);
    const email = `${unique("m")}@${domain}`;
    await readdress(guest.user_id, email);
    const table = stackTable();
    const platform = table.of(PLATFORM);
    let commits = 0;
    // They give the address up after it was read.
    const call = await directoryCall(company, async (tries) => {
      commits = tries + 1;
      if (tries === 0) await platform.transact([platform.writes.remove(emailItem, { email }, {})]);
    });
    const person = await createUser(table, call, posted(email));
    expect([commits, person.user.id === guest.user_id]).toEqual([2, false]);
    const membership = await table.of(company.organization_id).get(membershipItem, { user_id: guest.user_id });
    expect(membership).toBeUndefined();
  });
});

describe("whom an administrator has removed", () => {
  it("can be brought again at once, without waiting for them to be forgotten", async () => {
    const company = await roomyCompany();
    const [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
    const person = posted(`${unique("p")}@${domain}`, { externalId: unique("ext") });
    const { id } = (await directory.call("POST", "/Users", person)).body;
    for (const _ of [1, 2, 3]) {
      expect((await company.call("DELETE", `/users/${id}`)).status).toBe(202);
      const again = await directory.call("POST", "/Users", person);
      expect([again.status, again.body.id]).toEqual([201, id]);
    }
  });
});
