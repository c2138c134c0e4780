import { beforeAll, describe, expect, it } from "vitest";
import { grantsWithout } from "../../functions/access/rules/grants.ts";
import { decide } from "../../shared/access/decide.ts";
import type { Grant } from "../../shared/access/permissions.ts";
import { type BuiltInRole, builtInRoleNames, builtInRoles } from "../../shared/access/roles.ts";
import type { OperationShape } from "../../shared/http/operation.ts";
import { permissionsOf } from "../../shared/http/permit.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { type Company, registerCompany } from "../support/api.ts";
import { addMember, type TestMember } from "../support/members.ts";
import { roomyCompany } from "../support/plans.ts";
import { ownRole } from "../support/roles.ts";
import { stackTable } from "../support/stack.ts";
import { nowhere } from "./fixtures.ts";
import { permitted, request, rows } from "./operations.ts";

let members: Record<BuiltInRole, TestMember>;
beforeAll(async () => {
  const company = await roomyCompany();
  const entries = await Promise.all(
    builtInRoleNames.map(async (role) => [role, await addMember(company, role)] as const),
  );
  members = Object.fromEntries(entries) as Record<BuiltInRole, TestMember>;
});

describe("a role lets through exactly what it grants", () => {
  it.each(rows(permitted))("%s", async (_, operation) => {
    const asked = permissionsOf(operation);
    const [permission] = asked;
    const sends = operation.request.body === undefined ? {} : { body: {} };
    await Promise.all(
      builtInRoleNames.map(async (role) => {
        const answer = await request(operation, nowhere(operation), { token: members[role].token, ...sends });
        if (asked.some((one) => decide(builtInRoles[role].grants, one).allowed)) {
          expect([401, 403], `${role} holds one of ${asked}`).not.toContain(answer.status);
        } else {
          expect(answer.status, `${role} lacks ${asked}`).toBe(403);
          expect(answer.body).toMatchObject({ code: "forbidden", permission });
        }
      }),
    );
  });
});

describe("a role of the organization's own lets through exactly what it grants", () => {
  const groups = new Map<string, OperationShape[]>();
  for (const operation of permitted) {
    const asked = permissionsOf(operation).join(" or ");
    groups.set(asked, [...(groups.get(asked) ?? []), operation]);
  }
  /** A role that grants one permission only, and one that grants all others, each with a member. */
  let only: { readonly role: string; readonly member: TestMember };
  let others: typeof only;
  beforeAll(async () => {
    const company = await roomyCompany();
    const held = async () => {
      const role = await ownRole(company, ["agents:read"]);
      return { role, member: await addMember(company, role) };
    };
    [only, others] = await Promise.all([held(), held()]);
    owner = company;
  });
  let owner: Company;
  const grant = async ({ role }: typeof only, grants: readonly Grant[]) =>
    expect((await owner.call("PATCH", `/roles/${role}`, { grants })).status).toBe(200);

  it.each([...groups])("%s", async (_, operations) => {
    const asked = operations.flatMap(permissionsOf);
    const [permission] = asked;
    if (permission === undefined) throw new Error("it asks for nothing");
    await grant(only, [permission]);
    await grant(others, grantsWithout(["*"], asked));
    for (const operation of operations) {
      const sends = operation.request.body === undefined ? {} : { body: {} };
      const [passes, stays] = await Promise.all(
        [only, others].map(({ member: { token } }) => request(operation, nowhere(operation), { token, ...sends })),
      );
      expect([401, 403], `${operation.id}: ${passes?.text}`).not.toContain(passes?.status);
      expect(stays?.status, operation.id).toBe(403);
      expect(stays?.body).toMatchObject({ code: "forbidden", permission });
    }
  });
});

describe("rights", () => {
  it("come from the membership in the organization that is asked for, and from no other", async () => {
    const [company, other] = await Promise.all([registerCompany(), registerCompany()]);
    const header = { "organization-id": other.organization_id };
    for (const organization of [header, { "organization-id": "org_nonsense" }]) {
      const refused = await company.call("GET", "/users", undefined, organization);
      expect([refused.status, refused.body.code]).toEqual([403, "membership_inactive"]);
    }
    const own = { "organization-id": company.organization_id };
    expect((await company.call("GET", "/users", undefined, own)).status).toBe(200);
  });

  it("of a suspended organization's members are none", async () => {
    const company = await registerCompany();
    const tenant = stackTable().of(company.organization_id);
    await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { status: "suspended" } })]);
    const refused = await company.call("GET", "/users");
    expect([refused.status, refused.body.code]).toEqual([403, "organization_suspended"]);
    expect((await company.call("GET", "/auth/me")).body.organization).toBeNull();
  });
});
