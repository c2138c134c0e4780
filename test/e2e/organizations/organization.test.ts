import { describe, expect, it } from "vitest";
import { registerCompany, unique } from "../../support/api.ts";

describe("the active organization", () => {
  it("is read with its entity tag, and another organization is like one that never was", async () => {
    const [company, other] = await Promise.all([registerCompany(), registerCompany()]);
    const own = await company.call("GET", `/organizations/${company.organization_id}`);
    expect(own.status).toBe(200);
    expect(own.body).toMatchObject({ id: company.organization_id, status: "active", plan: "free" });
    expect(own.headers.get("etag")).toMatch(/^".+"$/);
    expect((await company.call("GET", `/organizations/${other.organization_id}`)).status).toBe(404);
    expect((await company.call("PATCH", `/organizations/${other.organization_id}`, { name: "Mine" })).status).toBe(404);
  });

  it("takes a new name and slug; a taken one is refused, and nothing is changed then", async () => {
    const [company, other] = await Promise.all([registerCompany(), registerCompany()]);
    const path = `/organizations/${company.organization_id}`;
    const slug = unique("slug");
    const changed = await company.call("PATCH", path, { name: "Renamed", slug });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ name: "Renamed", slug });
    const taken = await other.call("PATCH", `/organizations/${other.organization_id}`, { slug, name: "Not this" });
    expect(taken.status).toBe(409);
    expect(taken.body).toMatchObject({ code: "already_exists", issues: [{ path: "slug" }] });
    expect((await other.call("GET", `/organizations/${other.organization_id}`)).body.name).not.toBe("Not this");
  });

  it("of two that want the same slug at once exactly one gets it", async () => {
    const companies = await Promise.all(Array.from({ length: 5 }, () => registerCompany()));
    const slug = unique("race");
    const answers = await Promise.all(
      companies.map((company) => company.call("PATCH", `/organizations/${company.organization_id}`, { slug })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
  });

  it("is not overwritten by a request that has read an older state", async () => {
    const company = await registerCompany();
    const path = `/organizations/${company.organization_id}`;
    const etag = (await company.call("GET", path)).headers.get("etag") ?? "";
    expect((await company.call("PATCH", path, { name: "First" }, { "if-match": etag })).status).toBe(200);
    const late = await company.call("PATCH", path, { name: "Second" }, { "if-match": etag });
    expect([late.status, late.body.code]).toEqual([412, "precondition_failed"]);
    const unchanged = await company.call("PATCH", path, { name: "First" }, { "if-match": etag });
    expect(unchanged.status).toBe(412);
    expect((await company.call("GET", path)).body.name).toBe("First");
  });

  it("takes parallel changes of different fields without losing one", async () => {
    const company = await registerCompany();
    const path = `/organizations/${company.organization_id}`;
    const slug = unique("slug");
    const answers = await Promise.all([
      company.call("PATCH", path, { name: "Both" }),
      company.call("PATCH", path, { slug }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await company.call("GET", path)).body).toMatchObject({ name: "Both", slug });
  });

  it("records what was changed, from what to what", async () => {
    const company = await registerCompany("Before");
    await company.call("PATCH", `/organizations/${company.organization_id}`, { name: "After" });
    const log = await company.call("GET", "/audit/logs?action=organization.updated");
    expect(log.body.items).toHaveLength(1);
    expect(log.body.items[0]).toMatchObject({
      actor: { type: "user", id: company.user_id },
      resource: { type: "organization", id: company.organization_id, name: "After" },
      changes: [{ field: "name", old: "Before", new: "After" }],
      outcome: "succeeded",
    });
  });
});
