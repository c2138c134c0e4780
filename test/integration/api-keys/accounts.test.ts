import { describe, expect, it } from "vitest";
import { revokeOrphans } from "../../../functions/api-keys/consumers.ts";
import { orphanedKeys } from "../../../functions/api-keys/store.ts";
import { apiKeyItem } from "../../../shared/access/keys/items.ts";
import { systemClock } from "../../../shared/clock.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { apiKey } from "../../support/keys.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

const own = ({ organization_id }: Company) => stackTable().of(organization_id);
const usedOf = async (company: Company, resource: string) => (await own(company).get(quotaItem, { resource }))?.used;
const account = async (company: Pick<Company, "call">, role: string): Promise<string> => {
  const made = await company.call("POST", "/service-accounts", { name: unique("CI"), role });
  expect([made.status, made.text]).toEqual([201, made.text]);
  return made.body.id;
};

describe("a service account", () => {
  it("may by its keys what its role grants, as the role is now, and nothing while it is suspended", async () => {
    const company = await registerCompany();
    const id = await account(company, "developer");
    const key = await apiKey(company, { service_account_id: id, scopes: ["teams:read", "agents:*"] });
    const change = (body: object) => company.call("PATCH", `/service-accounts/${id}`, body);
    const reads = async () => (await key.call("GET", "/agents")).status;
    const deletes = async () => (await key.call("DELETE", "/agents/agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC")).status;
    expect([await reads(), await deletes()]).toEqual([200, 404]);
    expect((await change({ role: "viewer" })).body.role).toBe("viewer");
    expect([await reads(), await deletes()]).toEqual([200, 403]);
    expect((await change({ status: "suspended" })).body.status).toBe("suspended");
    const refused = await key.call("GET", "/agents");
    expect([refused.status, refused.body.code]).toEqual([403, "membership_inactive"]);
    expect((await change({ status: "active" })).status).toBe(200);
    expect(await reads()).toBe(200);
  });

  it("keeps its keys when whoever made them goes", async () => {
    const company = await registerCompany();
    const admin = await addMember(company, "org_admin");
    const key = await apiKey(admin, { service_account_id: await account(admin, "viewer"), scopes: ["agents:read"] });
    expect((await company.call("DELETE", `/users/${admin.user_id}`)).status).toBe(202);
    expect((await key.call("GET", "/agents")).status).toBe(200);
  });

  it("is made, changed and given keys within what somebody holds themselves", async () => {
    const company = await registerCompany();
    const [admin, developer] = [await addMember(company, "org_admin"), await addMember(company, "developer")];
    const owners = await account(company, "org_owner");
    const making = (caller: Pick<Company, "call">, role: string) =>
      caller.call("POST", "/service-accounts", { name: unique("CI"), role });
    expect((await making(admin, "org_owner")).body.code).toBe("forbidden");
    expect((await making(developer, "viewer")).body.permission).toBe("service_accounts:create");
    expect((await admin.call("PATCH", `/service-accounts/${owners}`, { role: "viewer" })).status).toBe(403);
    expect((await admin.call("DELETE", `/service-accounts/${owners}`)).status).toBe(403);

    // A key of an account that may more than its maker may no more than they may.
    const beyond = { name: "CI", service_account_id: owners, scopes: ["*"] };
    expect((await admin.call("POST", "/api-keys", beyond)).body.permission).toBe("organizations:delete");
    const key = await apiKey(admin, { service_account_id: owners, scopes: ["agents:read"] });
    const foreign = { name: "CI", service_account_id: owners, scopes: ["agents:read"] };
    expect((await developer.call("POST", "/api-keys", foreign)).body.permission).toBe("service_accounts:update");
    const nobody = { ...foreign, service_account_id: "sva_01JDQ4X0Z5V8W3N7K2M9R6T1BC" };
    expect((await admin.call("POST", "/api-keys", nobody)).body.code).toBe("reference_not_found");

    // Whoever rotates a key sees its text: they hold all that it covers.
    expect((await admin.call("POST", `/api-keys/${key.id}/rotate`, {})).status).toBe(200);
    const wide = await apiKey(company, { service_account_id: owners, scopes: ["*"] });
    expect((await admin.call("POST", `/api-keys/${wide.id}/rotate`, {})).status).toBe(403);
    expect((await developer.call("DELETE", `/api-keys/${key.id}`)).body.permission).toBe("service_accounts:update");
    expect((await admin.call("DELETE", `/api-keys/${key.id}`)).status).toBe(204);
    // A key gives itself up without more.
    expect((await wide.call("DELETE", `/api-keys/${wide.id}`)).status).toBe(204);
  });

  it("takes its keys along: refused at once, revoked behind the answer, once", async () => {
    const company = await registerCompany();
    const id = await account(company, "viewer");
    const keys = [await apiKey(company, { service_account_id: id }), await apiKey(company, { service_account_id: id })];
    expect([await usedOf(company, "api_keys"), await usedOf(company, "service_accounts")]).toEqual([2, 1]);
    expect((await company.call("DELETE", `/service-accounts/${id}`)).status).toBe(204);
    for (const key of keys) expect((await key.call("GET", "/agents")).body.code).toBe("membership_inactive");
    const due = (await dueOf(company.organization_id)).find(({ ref }) => ref === id);
    expect(due?.kind).toBe(orphanedKeys.kind);
    if (due === undefined) return;
    const deps = { table: stackTable(), clock: systemClock, send: async () => {} };
    const revoked = async () => {
      expect(await revokeOrphans(due, deps)).toBeUndefined();
      const states = await Promise.all(keys.map((key) => own(company).get(apiKeyItem, { id: key.id })));
      return states.every((key) => key?.status === "revoked") ? states : undefined;
    };
    const states = await eventually(revoked, "the index shows the keys");
    expect(states.map((key) => key?.revoked_reason)).toEqual(["owner_removed", "owner_removed"]);
    await revokeOrphans(due, deps);
    expect([await usedOf(company, "api_keys"), await usedOf(company, "service_accounts")]).toEqual([0, 0]);
    for (const key of keys) expect((await key.call("GET", "/agents")).status).toBe(401);
  });

  it("is there so often as the plan says", async () => {
    const company = await registerCompany();
    const making = Array.from({ length: 8 }, () =>
      company.call("POST", "/service-accounts", { name: unique("CI"), role: "viewer" }),
    );
    const statuses = (await Promise.all(making)).map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 201, 201, 201, 201, 402, 402, 402]);
  });
});

describe("a role of the organization's own", () => {
  it("counts for a service account, and is not deleted while one has it", async () => {
    const company = await registerCompany();
    const made = await company.call("POST", "/roles", { name: unique("Readers"), grants: ["agents:read"] });
    expect(made.status).toBe(201);
    const id = await account(company, made.body.id);
    const key = await apiKey(company, { service_account_id: id });
    expect((await key.call("GET", "/agents")).status).toBe(200);
    expect((await key.call("GET", "/pipelines")).status).toBe(403);
    const refused = await company.call("DELETE", `/roles/${made.body.id}`);
    expect([refused.status, refused.body.named_by]).toEqual([409, [{ type: "service_account", id }]]);
    await company.call("PATCH", `/roles/${made.body.id}`, { grants: ["pipelines:read"] });
    expect((await key.call("GET", "/agents")).status).toBe(403);
    expect((await company.call("PATCH", `/service-accounts/${id}`, { role: "viewer" })).status).toBe(200);
    expect((await company.call("DELETE", `/roles/${made.body.id}`)).status).toBeLessThan(300);
  });
});
