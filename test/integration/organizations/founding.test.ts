import { describe, expect, it } from "vitest";
import { FOUNDED_PER_USER } from "../../../functions/organizations/model.ts";
import { founderItem } from "../../../functions/organizations/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { PLATFORM, slugItem } from "../../../shared/identity/items.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";

const platform = () => stackTable().of(PLATFORM);
const rename = (company: Company, slug: string) =>
  company.call("PATCH", `/organizations/${company.organization_id}`, { slug });

describe("founding organizations", () => {
  it("gives each founder five, however many are founded at once, and nothing of a refused one", async () => {
    const company = await registerCompany();
    const names = Array.from({ length: 8 }, () => unique("Branch"));
    const answers = await Promise.all(names.map((name) => company.call("POST", "/organizations", { name })));
    const founded = answers.filter(({ status }) => status === 201);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 402, 402, 402, 402]);
    expect((await platform().get(founderItem, { user_id: company.user_id }))?.organizations).toBe(FOUNDED_PER_USER);
    const mine = await company.call("GET", "/auth/me/organizations");
    expect(mine.body.items.map(({ id }: { id: string }) => id).sort()).toEqual(
      [company.organization_id, ...founded.map(({ body }) => body.organization.id)].sort(),
    );
    const refused = answers.find(({ status }) => status === 402);
    expect(refused?.body).toMatchObject({ code: "quota_exceeded", resource: "organizations", limit: FOUNDED_PER_USER });
    const [first] = founded;
    const there = { "organization-id": first?.body.organization.id };
    const workspaces = await company.call("GET", "/workspaces", undefined, there);
    expect(workspaces.body.items.map(({ id }: { id: string }) => id)).toEqual([first?.body.workspace.id]);
    expect((await company.call("GET", "/auth/me", undefined, there)).body.role).toBe("org_owner");
    expect((await company.call("GET", "/auth/me")).body.organization.id).toBe(company.organization_id);
  });

  it("derives a slug from the name, another one where that is taken", async () => {
    const company = await registerCompany();
    const name = unique("Branch");
    const made = [
      await company.call("POST", "/organizations", { name }),
      await company.call("POST", "/organizations", { name }),
    ];
    const [first, second] = made.map(({ body }) => body.organization.slug as string);
    expect(second).toMatch(new RegExp(`^${first}-[0-9a-z]{6}$`));
  });

  it("gives a slug to one of those who want it at once; the others are refused, not renamed", async () => {
    const founders = await Promise.all(Array.from({ length: 4 }, () => registerCompany()));
    const slug = unique("slug");
    const answers = await Promise.all(
      founders.map((one) => one.call("POST", "/organizations", { name: "Branch", slug })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect([refused?.body.code, refused?.body.issues[0].path]).toEqual(["already_exists", "slug"]);
  });
});

describe("a slug that was given up", () => {
  it("is nobody else's for 30 days; its own organization may take it back", async () => {
    const [company, other] = await Promise.all([registerCompany(), registerCompany()]);
    const [old, next] = [unique("old"), unique("new")];
    expect((await rename(company, old)).status).toBe(200);
    expect((await rename(company, next)).status).toBe(200);
    const taken = await rename(other, old);
    expect([taken.status, taken.body.issues[0].path]).toEqual([409, "slug"]);
    expect((await other.call("POST", "/organizations", { name: "Branch", slug: old })).status).toBe(409);
    expect((await rename(company, old)).status).toBe(200);
    expect((await rename(company, next)).status).toBe(200);
    // 31 days later.
    const reserved_until = timestamp(addSeconds(new Date(), -86_400));
    const { writes } = platform();
    await stackTable().transact([writes.update(slugItem, { slug: old }, { set: { reserved_until } })]);
    expect((await rename(other, old)).status).toBe(200);
    expect((await platform().get(slugItem, { slug: old }))?.organization_id).toBe(other.organization_id);
    expect((await rename(company, old)).status).toBe(409);
  });
});
