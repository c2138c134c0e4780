import { beforeAll, describe, expect, it } from "vitest";
import { doorCodes } from "../../shared/access/doors.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { type OrganizationSettings, UNSET } from "../../shared/identity/settings.ts";
import { type Company, registerCompany } from "../support/api.ts";
import { roomyCompany } from "../support/plans.ts";
import { stackTable } from "../support/stack.ts";
import { age } from "./age.ts";
import { nowhere } from "./fixtures.ts";
import { permitted, request, rows } from "./operations.ts";

/** The settings that refuse the owner of a company, for each refusal. */
const SHUT: Readonly<Record<(typeof doorCodes)[number], OrganizationSettings["security"]>> = {
  address_not_allowed: { allowed_addresses: ["203.0.113.0/24", "2001:db8::/32"] },
  sign_in_method_not_allowed: { sign_in_methods: ["sso"] },
  session_too_old: { session_lifetime_hours: 1 },
  session_idle: { idle_timeout_minutes: 15 },
  mfa_enrolment_required: { require_mfa: true },
};

const set = async (company: Company, security: OrganizationSettings["security"]) => {
  const tenant = stackTable().of(company.organization_id);
  const settings = { ...UNSET, version: 1, security };
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { settings } })]);
};

const companies = new Map<string, Company>();
beforeAll(async () => {
  for (const code of doorCodes) {
    const company = await roomyCompany();
    await age(company.token, { created_at: 90, last_seen_at: 60 });
    await set(company, SHUT[code]);
    companies.set(code, company);
  }
});

describe("where the organization's settings refuse somebody", () => {
  it.each(rows(permitted))("%s is refused, and says why", async (_, operation) => {
    for (const code of doorCodes) {
      const token = companies.get(code)?.token ?? "";
      const answer = await request(operation, nowhere(operation), { token });
      expect([answer.status, answer.body.code]).toEqual([403, code]);
    }
  });

  it.each(doorCodes)("%s: what people do about themselves goes on, and tells them", async (code) => {
    const company = companies.get(code);
    const me = await company?.call("GET", "/auth/me");
    expect([me?.status, me?.body.user.id]).toEqual([200, company?.user_id]);
    expect(me?.body).toMatchObject({ organization: null, role: null, refusal: code });
  });
});

describe("a change of the security settings", () => {
  it("bites on the next request of everybody, and so does its end", async () => {
    const company = await registerCompany();
    const path = `/organizations/${company.organization_id}/settings`;
    expect((await company.call("PATCH", path, { security: { session_lifetime_hours: 2 } })).status).toBe(200);
    await age(company.token, { created_at: 121 });
    expect((await company.call("GET", path)).body.code).toBe("session_too_old");
    await set(company, {});
    expect((await company.call("GET", path)).status).toBe(200);
  });

  it("that ends idle sessions is not passed by with what asks for no rights, but by proving oneself", async () => {
    const company = await registerCompany();
    const path = `/organizations/${company.organization_id}/settings`;
    expect((await company.call("PATCH", path, { security: { idle_timeout_minutes: 15 } })).status).toBe(200);
    await age(company.token, { last_seen_at: 14 });
    expect((await company.call("GET", path)).status).toBe(200);
    await age(company.token, { last_seen_at: 16 });
    for (const own of ["/auth/me", "/auth/me"]) expect((await company.call("GET", own)).status).toBe(200);
    expect((await company.call("GET", path)).body.code).toBe("session_idle");
    expect((await company.call("POST", "/auth/step-up", { password: company.password })).status).toBe(200);
    expect((await company.call("GET", path)).status).toBe(200);
  });

  it.each([
    ["address_not_allowed", { allowed_addresses: ["203.0.113.0/24"] }],
    ["mfa_enrolment_required", { require_mfa: true }],
  ])("that would lock out whoever makes it is refused: %s", async (refusal, security) => {
    const company = await registerCompany();
    const path = `/organizations/${company.organization_id}/settings`;
    const answer = await company.call("PATCH", path, { security });
    expect([answer.status, answer.body.code, answer.body.refusal]).toEqual([409, "conflict", refusal]);
    expect((await company.call("GET", path)).body.version).toBe(0);
  });

  it("may name the network of whoever makes it, beside others", async () => {
    const company = await registerCompany();
    const path = `/organizations/${company.organization_id}/settings`;
    const allowed_addresses = ["127.0.0.0/8", "::1", "203.0.113.9"];
    const answer = await company.call("PATCH", path, { security: { allowed_addresses } });
    expect(answer.body.security.allowed_addresses).toEqual(["127.0.0.0/8", "::1/128", "203.0.113.9/32"]);
    expect((await company.call("GET", path)).status).toBe(200);
  });
});
