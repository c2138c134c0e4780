import { beforeAll, describe, expect, it } from "vitest";
import { organizationItem } from "../../shared/identity/items.ts";
import type { Company } from "../support/api.ts";
import { roomyCompany } from "../support/plans.ts";
import { stackTable } from "../support/stack.ts";
import { World } from "./fixtures.ts";
import { guarded, request, rows } from "./operations.ts";
import { sceneOf } from "./scenes.ts";
import { entriesOf, happened } from "./trail.ts";

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "pro" } })]);
});

// What is sent is looked at with the idempotency keys: those requests are made twice, and stand in the trail once.
const changing = guarded.filter(({ method }) => ["PATCH", "PUT", "DELETE"].includes(method));

describe("the trail of an organization", () => {
  it.each(rows(changing))("has what %s has done, each change once", async (_, operation) => {
    const world = new World(company);
    const { ids, body, token = company.token } = await sceneOf(world, operation);
    const answer = await request(operation, ids, body === undefined ? { token } : { token, body });
    expect(answer.status, answer.text).toBe(operation.success);
    const entries = happened(await entriesOf(answer, company.organization_id));
    expect(entries).not.toEqual([]);
    expect(entries).toEqual([...new Set(entries)]);
  });
});
