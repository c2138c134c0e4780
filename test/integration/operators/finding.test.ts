import { beforeAll, describe, expect, it } from "vitest";
import { organizationTermItem } from "../../../functions/organizations/finding/store.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { newOperator } from "../../support/operators.ts";
import { stackTable } from "../../support/stack.ts";

let operator: Company;
/** With what the names of these companies begin, and nobody else's. */
const mark = unique("Ümark");
let companies: Company[];
beforeAll(async () => {
  const names = ["Anvils", "Bolts", "Cogs", "Dials"].map((name) => `${mark} ${name}`);
  [operator, ...companies] = await Promise.all([newOperator(), ...names.map(registerCompany)]);
});

const find = async (query: Record<string, string>) => {
  const answer = await operator.call("GET", `/platform/organizations?${new URLSearchParams(query)}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as { items: { id: string; name: string; slug: string }[]; next_cursor: string | null };
};
const idsOf = async (query: Record<string, string>) => (await find(query)).items.map(({ id }) => id);
const id = (index: number) => companies[index]?.organization_id ?? "";
const about = (index: number) => `/platform/organizations/${id(index)}`;
/** An index shows a change a moment late. */
const found = (query: Record<string, string>, ids: readonly string[]) =>
  eventually(
    async () => (JSON.stringify(await idsOf(query)) === JSON.stringify(ids) ? true : undefined),
    `${JSON.stringify(query)} finds ${ids}`,
    10,
  );

describe("operators find organizations", () => {
  it("by the beginning of a name or a slug, each once, from the moment of their founding", async () => {
    const all = [0, 1, 2, 3].map(id);
    const { items } = await find({ search: mark });
    expect(items.map((one) => one.id)).toEqual(all);
    expect(await idsOf({ search: ` ${mark.toUpperCase()} ` })).toEqual(all);
    expect(await idsOf({ search: `${mark} c` })).toEqual([id(2)]);
    expect(await idsOf({ search: items[2]?.slug ?? "" })).toEqual([id(2)]);
    expect(await idsOf({ search: `${mark} e` })).toEqual([]);
    expect(Object.keys(items[0] ?? {}).sort()).toEqual(["created_at", "id", "name", "plan", "slug", "status"]);
  });

  it("page by page, nobody missed or repeated", async () => {
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await find({ search: mark, limit: "1", ...(cursor === undefined ? {} : { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(1);
      seen.push(...page.items.map((one) => one.id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual([0, 1, 2, 3].map(id));
    const every = new Set<string>();
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await find({ limit: "3", ...(cursor === undefined ? {} : { cursor }) });
      for (const one of page.items) {
        expect(every).not.toContain(one.id);
        every.add(one.id);
      }
      cursor = page.next_cursor;
    }
    expect([0, 1, 2, 3].map(id).filter((one) => !every.has(one))).toEqual([]);
  });

  it("by their status and plan, which follow each change", async () => {
    await operator.call("PUT", `${about(1)}/plan`, { plan: "pro" });
    await operator.call("PUT", `${about(2)}/plan`, { plan: "pro" });
    await operator.call("POST", `${about(2)}/suspend`, { reason: "Unpaid." });
    await found({ search: mark, plan: "pro" }, [id(1), id(2)]);
    await found({ search: mark, status: "suspended" }, [id(2)]);
    await found({ search: mark, plan: "pro", status: "active" }, [id(1)]);
    await found({ search: mark, plan: "free" }, [id(0), id(3)]);
    await operator.call("POST", `${about(2)}/restore`);
    await found({ search: mark, status: "suspended" }, []);
    await found({ search: mark, status: "active" }, [0, 1, 2, 3].map(id));
  });

  it("by the new name alone once they are renamed, however many rename at once", async () => {
    const names = Array.from({ length: 6 }, (_, i) => `${mark} Zinc ${i}`);
    const renamed = await Promise.all(
      names.map((name) => companies[3]?.call("PATCH", `/organizations/${id(3)}`, { name })),
    );
    expect(renamed.map((answer) => answer?.status)).toEqual(names.map(() => 200));
    const { name, slug } = (await companies[3]?.call("GET", `/organizations/${id(3)}`))?.body ?? {};
    const { items } = await find({ search: `${mark} zinc` });
    expect(items.map((one) => [one.id, one.name])).toEqual([[id(3), name]]);
    const terms = [];
    for await (const one of stackTable().of(PLATFORM).all(organizationTermItem, { of: {} }))
      if (one.organization_id === id(3)) terms.push(one.term);
    expect(terms.sort()).toEqual([name.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase(), slug].sort());
  });
});

describe("what operators see of one", () => {
  it("is its record and numbers from its counters, and nothing that it holds", async () => {
    const company = companies[0];
    await company?.call("POST", "/agents", {
      ...{ name: "Secretive", agent_type: "chat", model_id: "amazon-bedrock/claude-haiku-4-5" },
    });
    await company?.call("POST", "/domains", { domain: `${unique("d")}.example.org` });
    const answer = await operator.call("GET", about(0));
    expect([answer.status, answer.body.owners, answer.body.plan]).toEqual([200, 1, "free"]);
    const of = (resource: string) => {
      const { used, limit } = answer.body.usage.find((one: { resource: string }) => one.resource === resource);
      return [used, limit];
    };
    expect({
      ...Object.fromEntries(["users", "agents", "domains", "workspaces", "teams"].map((r) => [r, of(r)])),
    }).toEqual({
      users: [1, 3],
      agents: [1, 10],
      domains: [1, 5],
      workspaces: [1, 2],
      teams: [0, 5],
    });
    expect(of("api_calls_per_month")[0]).toBeGreaterThanOrEqual(2);
    expect(of("runs_per_month")).toEqual([0, 1_000]);
    expect(answer.text).not.toContain("Secretive");
    expect(answer.body.settings).toBeUndefined();
  });
});
