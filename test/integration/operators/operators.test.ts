import { beforeAll, describe, expect, it } from "vitest";
import { grantOperator, listOperators, revokeOperator } from "../../../functions/operators/granting/grant.ts";
import { auditItem } from "../../../shared/change/items.ts";
import { organizationItem, PLATFORM } from "../../../shared/identity/items.ts";
import { type Company, eventually, registerCompany } from "../../support/api.ts";
import { newOperator } from "../../support/operators.ts";
import { stackTable } from "../../support/stack.ts";

let operator: Company;
let company: Company;
beforeAll(async () => {
  [operator, company] = await Promise.all([newOperator(), registerCompany()]);
});

const about = ({ organization_id }: Company) => `/platform/organizations/${organization_id}`;
/** What the platform's own trail says of a user, oldest first. */
const trail = async (user_id: string) =>
  (
    await stackTable()
      .of(PLATFORM)
      .page(auditItem, { index: "gsi2", of: { resource_key: `operator:${user_id}` }, limit: 20 })
  ).items.map(({ action }) => action);

describe("an operator", () => {
  it("reads, suspends, restores and puts on a plan; it bites on the next request and stands in the company's trail", async () => {
    const read = await operator.call("GET", about(company));
    expect([read.status, read.body.id, read.body.plan]).toEqual([200, company.organization_id, "free"]);
    const suspended = await operator.call("POST", `${about(company)}/suspend`, { reason: "Unpaid since March." });
    expect([suspended.status, suspended.body.status]).toEqual([200, "suspended"]);
    expect((await company.call("GET", "/users")).body.code).toBe("organization_suspended");
    expect((await operator.call("POST", `${about(company)}/suspend`, { reason: "Again." })).status).toBe(409);
    expect((await operator.call("POST", `${about(company)}/restore`)).body.status).toBe("active");
    expect((await operator.call("PUT", `${about(company)}/plan`, { plan: "pro" })).body.plan).toBe("pro");
    expect((await operator.call("PUT", `${about(company)}/plan`, { plan: "pro" })).status).toBe(200);
    const { items } = (await company.call("GET", `/audit/resources/organization/${company.organization_id}`)).body;
    const told = items.filter(({ actor }: { actor: { id: string } }) => actor.id === operator.user_id);
    expect(told.map(({ action, reason }: { action: string; reason: string | null }) => [action, reason])).toEqual([
      ["organization.plan_changed", null],
      ["organization.restored", null],
      ["organization.suspended", "Unpaid since March."],
    ]);
    expect((await operator.call("GET", "/platform/organizations/org_00000000000000000000000001")).status).toBe(404);
  });

  it("is refused from the next request on when it is taken back, also at the very moment of one", async () => {
    const one = await newOperator();
    expect((await one.call("GET", about(company))).status).toBe(200);
    const tried = Array.from({ length: 10 }, (_, i) =>
      one.call("PUT", `${about(company)}/plan`, { plan: i % 2 === 0 ? "enterprise" : "pro" }),
    );
    await revokeOperator(stackTable(), one.email, new Date());
    const before = await stackTable().of(company.organization_id).get(organizationItem, {});
    expect((await one.call("PUT", `${about(company)}/plan`, { plan: "free" })).status).toBe(403);
    await Promise.all(tried);
    const after = await stackTable().of(company.organization_id).get(organizationItem, {});
    expect([after?.plan, after?.etag]).toEqual([before?.plan, before?.etag]);
    expect(await trail(one.user_id)).toEqual(["operator.granted", "operator.revoked"]);
  });

  it("is made once, of somebody who has an account, and listed", async () => {
    const one = await registerCompany();
    const at = new Date();
    const grants = await Promise.allSettled([1, 2, 3].map(() => grantOperator(stackTable(), one.email, at)));
    expect(grants.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await eventually(
      async () => (await listOperators(stackTable())).find(({ user_id }) => user_id === one.user_id),
      "the list shows them",
    );
    await expect(grantOperator(stackTable(), "nobody@example.com", at)).rejects.toMatchObject({ code: "not_found" });
    await revokeOperator(stackTable(), ` ${one.email.toUpperCase()} `, at);
    await expect(revokeOperator(stackTable(), one.email, at)).rejects.toMatchObject({ code: "not_found" });
  });
});
