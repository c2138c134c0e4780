import { describe, expect, it } from "vitest";
import { organizationItem } from "../../shared/identity/items.ts";
import { roomyCompany } from "../support/plans.ts";
import { stackTable } from "../support/stack.ts";
import { World } from "./fixtures.ts";
import { guarded, request, rows } from "./operations.ts";
import { sceneOf } from "./scenes.ts";
import { entriesOf, happened } from "./trail.ts";

/** A company with room for whatever is made; each operation has its own, since some end it, or the session. */
async function roomy() {
  const company = await roomyCompany();
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "pro" } })]);
  return company;
}

/** What is not looked at here, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  "pipelines.replace_layout": "where a node is drawn changes nothing",
  "pipelines.move_nodes": "where a node is drawn changes nothing",
  "sso.enforce": "needs somebody who has signed in through a provider: test/e2e/sso",
  "sso.end_enforcement": "needs somebody who has signed in through a provider: test/e2e/sso",
  "panel.delete_test": "the deletion of a run, which is here",
};

// What is sent is looked at with the idempotency keys: those requests are made twice, and stand in the trail once.
const changing = guarded.filter(
  ({ id, method, rate_class }) =>
    (["PATCH", "PUT", "DELETE"].includes(method) || rate_class === "export") && !Object.hasOwn(elsewhere, id),
);

describe("the trail of an organization", () => {
  it.each(rows(changing))("has what %s has done, each change once", async (_, operation) => {
    const company = await roomy();
    const world = new World(company);
    const { ids, body, query, token = company.token } = await sceneOf(world, operation);
    const answer = await request(operation, ids, {
      token,
      ...(body === undefined ? {} : { body }),
      ...(query === undefined ? {} : { query }),
    });
    expect(answer.status, answer.text).toBe(operation.success);
    const entries = happened(await entriesOf(answer, company.organization_id));
    expect(entries).not.toEqual([]);
    expect(entries).toEqual([...new Set(entries)]);
  });
});
