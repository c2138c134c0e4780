import { beforeAll, describe, expect, it } from "vitest";
import { type Company, unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activePolicy } from "../../support/policies.ts";

let company: Company;
let pipeline_id: string;
beforeAll(async () => {
  company = await roomyCompany();
  pipeline_id = (await company.call("POST", "/pipelines", { name: unique("Pipeline"), pattern: "sequential" })).body.id;
});

const kinds = [
  ["webhook", "/webhooks", () => ({ url: "https://example.com/hooks", events: ["agent.created"] })],
  ["schedule", "/schedules", () => ({ pipeline_id, trigger: { kind: "cron", cron: "0 0 1 1 *" } })],
  ["api_key", "/api-keys", () => ({ scopes: ["agents:read"] })],
  ["team", "/teams", () => ({})],
] as const;

describe("a policy that looks at things", () => {
  it.each(kinds)("sees each %s: alone, in lists, when it is changed, and when it is made", async (type, path, body) => {
    const make = (name: string) => company.call("POST", path, { name, ...body() });
    const [secret, open] = [await make(unique("Secret")), await make(unique("Open"))];
    expect([secret.status, open.status], secret.text).toEqual([201, 201]);
    const conditions = { path: "resource.name", op: "starts_with", value: "Secret" };
    const policy = await activePolicy(company, { resource_type: type, action: "*", conditions });
    const refused = async (
      answer: Promise<{ readonly status: number; readonly body: { readonly policy?: object } }>,
    ) => {
      const { status, body: said } = await answer;
      expect([status, said.policy]).toEqual([403, { id: policy.id, name: policy.name }]);
    };
    await refused(company.call("GET", `${path}/${secret.body.id}`));
    await refused(company.call("PATCH", `${path}/${secret.body.id}`, { name: unique("Open") }));
    await refused(company.call("PATCH", `${path}/${open.body.id}`, { name: unique("Secret") }));
    await refused(make(unique("Secret")));
    const listed = (await company.call("GET", `${path}?limit=100`)).body.items.map(({ id }: { id: string }) => id);
    expect([listed.includes(open.body.id), listed.includes(secret.body.id)]).toEqual([true, false]);
    expect((await company.call("PATCH", `${path}/${open.body.id}`, { name: unique("Open") })).status).toBe(200);
    const asked = { operation: `${path.slice(1).replace("-", "_")}.update`, resource_id: open.body.id };
    const simulated = await company.call("POST", "/policies/simulate", { ...asked, resource: { name: "Secret" } });
    expect([simulated.status, simulated.body.outcome], simulated.text).toEqual([200, "deny"]);
    await company.call("POST", `/policies/${policy.id}/deactivate`);
    expect((await company.call("GET", `${path}/${secret.body.id}`)).status).toBe(200);
  });
});
