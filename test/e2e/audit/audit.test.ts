import { beforeAll, describe, expect, it } from "vitest";
import { auditItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { type ApiAnswer, type Company, eventually, registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

const FOUNDED = new Date("2025-10-20T08:00:00.000Z");

interface Past {
  readonly at: Date;
  readonly action?: string;
  readonly name?: string;
  readonly expired?: boolean;
}

/** Writes entries of earlier months, as if the company had been there then. @returns their ids, as given */
async function remember(company: Company, entries: readonly Past[]): Promise<string[]> {
  const tenant = stackTable().of(company.organization_id);
  const ids = entries.map(({ at }) => newId("audit", at));
  await tenant.transact([
    tenant.writes.update(organizationItem, {}, { set: { created_at: timestamp(FOUNDED) } }),
    ...entries.map(({ at, action = "agent.updated", name, expired }, i) =>
      tenant.writes.create(auditItem, {
        id: ids[i] ?? "",
        organization_id: company.organization_id,
        occurred_at: timestamp(at),
        actor: { type: "user", id: company.user_id },
        action,
        resource: { type: "agent", id: "agt_00000000000000000000000009", ...(name === undefined ? {} : { name }) },
        outcome: "succeeded",
        request: null,
        changes: [],
        reason: null,
        month: timestamp(at).slice(0, 7),
        actor_key: `user:${company.user_id}`,
        resource_key: "agent:agt_00000000000000000000000009",
        expires_at: timestamp(addSeconds(new Date(), expired === true ? -60 : 86_400)),
      }),
    ),
  ]);
  return ids;
}

const ids = (answer: ApiAnswer): string[] => answer.body.items.map(({ id }: { id: string }) => id);

/** Every id of a list, page by page. */
async function walk(company: Company, path: string, limit: number): Promise<string[]> {
  const seen: string[] = [];
  let cursor = "";
  do {
    const page = await company.call("GET", `${path}${path.includes("?") ? "&" : "?"}limit=${limit}${cursor}`);
    expect(page.status).toBe(200);
    expect(page.body.items.length).toBeLessThanOrEqual(limit);
    seen.push(...ids(page));
    cursor = page.body.next_cursor === null ? "" : `&cursor=${encodeURIComponent(page.body.next_cursor)}`;
  } while (cursor !== "");
  return seen;
}

describe("the audit log", () => {
  let company: Company;
  let past: string[];
  const days = ["2025-10-21", "2025-10-31", "2025-12-01", "2025-12-01", "2025-12-31", "2026-01-01", "2026-03-15"];
  beforeAll(async () => {
    company = await registerCompany();
    past = await remember(
      company,
      days.map((day, i) => ({ at: new Date(`${day}T12:00:00.00${i}Z`) })),
    );
  });

  it("reads across months without a gap or a repetition, newest first, whatever the size of a page", async () => {
    const whole = await walk(company, "/audit/logs", 100);
    expect(whole).toEqual([...whole].sort().reverse());
    expect(whole.filter((id) => past.includes(id))).toEqual([...past].reverse());
    for (const limit of [1, 2, 3]) expect(await walk(company, "/audit/logs", limit)).toEqual(whole);
  });

  it("keeps to a range of time, both ends included", async () => {
    const range = "from=2025-10-31T12:00:00.001Z&to=2025-12-31T13:00:00.004%2B01:00";
    expect(await walk(company, `/audit/logs?${range}`, 2)).toEqual([past[4], past[3], past[2], past[1]]);
    expect(await walk(company, "/audit/logs?to=2025-10-20T00:00:00Z", 2)).toEqual([]);
    const backwards = await company.call("GET", "/audit/logs?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z");
    expect([backwards.status, backwards.body.issues[0].path]).toEqual([422, "query.from"]);
  });

  it("finds by actor, by resource and by action, each within a range of time", async () => {
    const newest = [...past].reverse();
    expect(await walk(company, "/audit/logs?action=agent.updated", 3)).toEqual(newest);
    expect(await walk(company, "/audit/resources/agent/agt_00000000000000000000000009", 2)).toEqual(newest);
    const byResource = "resource_type=agent&resource_id=agt_00000000000000000000000009&from=2026-01-01T00:00:00Z";
    expect(await walk(company, `/audit/logs?${byResource}`, 1)).toEqual([past[6], past[5]]);
    const own = await walk(company, `/audit/users/${company.user_id}?to=2025-11-01T00:00:00Z`, 1);
    expect(own).toEqual([past[1], past[0]]);
    expect(await walk(company, `/audit/logs?actor=user:${company.user_id}&to=2025-11-01T00:00:00Z`, 9)).toEqual(own);
  });

  it("finds by outcome and by name, with another filter and without, page by page", async () => {
    const other = await registerCompany();
    const agent = "agent.updated";
    const at = new Date("2026-02-01T12:00:00.000Z");
    const named = await remember(other, [
      { at, name: "Crème brûlée" },
      { at, name: "Invoices" },
      { at, action: "agent.archived", name: "The creme BRULEE" },
    ]);
    const name = "name=br%C3%BBl%C3%A9e";
    for (const limit of [1, 2, 50]) {
      expect((await walk(other, `/audit/logs?${name}`, limit)).sort()).toEqual([named[0], named[2]].sort());
      expect(await walk(other, `/audit/logs?${name}&action=${agent}`, limit)).toEqual([named[0]]);
    }
    expect(await walk(other, `/audit/logs?${name}&outcome=denied`, 2)).toEqual([]);
    const viewer = await addMember(other, "viewer");
    expect((await viewer.call("GET", "/audit/logs")).status).toBe(403);
    const denied = await eventually(async () => {
      const found = await walk(other, "/audit/logs?outcome=denied", 1);
      return found.length === 0 ? undefined : found;
    }, "the denial is in the log");
    expect(denied).toHaveLength(1);
    const page = await other.call("GET", `/audit/logs?${name}&limit=1`);
    const cursor = encodeURIComponent(page.body.next_cursor);
    for (const filters of ["limit=1", "name=invoices&limit=1", `${name}&outcome=succeeded&limit=1`]) {
      const refused = await other.call("GET", `/audit/logs?${filters}&cursor=${cursor}`);
      expect([refused.status, refused.body.code]).toEqual([422, "invalid_cursor"]);
    }
    expect((await other.call("GET", "/audit/logs?name=x")).body.issues[0].path).toBe("query.name");
    expect((await other.call("GET", "/audit/logs?outcome=odd")).body.issues[0].path).toBe("query.outcome");
  });

  it("says which filters do not go together", async () => {
    const both = await company.call("GET", `/audit/logs?action=agent.updated&actor=user:${company.user_id}`);
    expect([both.status, both.body.issues[0].path]).toEqual([422, "query.action"]);
    const half = await company.call("GET", "/audit/logs?resource_type=agent");
    expect([half.status, half.body.issues[0].path]).toEqual([422, "query.resource_id"]);
  });

  it("refuses a cursor of another list, of other filters, of another organization, and one that was made up", async () => {
    const page = await company.call("GET", "/audit/logs?limit=1");
    const cursor = encodeURIComponent(page.body.next_cursor);
    const other = await registerCompany();
    const refused = await Promise.all([
      company.call("GET", `/audit/logs?limit=1&action=agent.updated&cursor=${cursor}`),
      company.call("GET", `/audit/logs?limit=1&from=2025-01-01T00:00:00Z&cursor=${cursor}`),
      company.call("GET", `/users?cursor=${cursor}`),
      other.call("GET", `/audit/logs?limit=1&cursor=${cursor}`),
      company.call("GET", "/audit/logs?cursor=eyJ2IjoxfQ"),
    ]);
    for (const answer of refused) expect([answer.status, answer.body.code]).toEqual([422, "invalid_cursor"]);
  });

  it("shows one entry by its id, in whatever month it was made, and never another organization's", async () => {
    const other = await registerCompany();
    for (const id of past) {
      expect((await company.call("GET", `/audit/logs/${id}`)).body.id).toBe(id);
      expect((await other.call("GET", `/audit/logs/${id}`)).status).toBe(404);
    }
    expect((await company.call("GET", `/audit/logs/${newId("audit", new Date(0))}`)).status).toBe(404);
  });

  it("knows nothing of a resource or a person without any entry here", async () => {
    const other = await registerCompany();
    expect((await other.call("GET", "/audit/resources/agent/agt_00000000000000000000000009")).status).toBe(404);
    expect((await other.call("GET", `/audit/users/${company.user_id}`)).status).toBe(404);
    const quiet = await company.call(
      "GET",
      "/audit/resources/agent/agt_00000000000000000000000009?from=2026-05-01T00:00:00Z",
    );
    expect([quiet.status, quiet.body.items]).toEqual([200, []]);
  });

  it("has forgotten what is past its time, though it has not been deleted yet", async () => {
    const old = await registerCompany();
    const at = (second: number) => addSeconds(new Date("2026-02-01T00:00:00.000Z"), second);
    const entries = await remember(
      old,
      Array.from({ length: 20 }, (_, i) => ({ at: at(i), expired: i % 4 !== 0, action: "agent.deleted" })),
    );
    const live = entries.filter((_, i) => i % 4 === 0).reverse();
    expect(await walk(old, "/audit/logs?to=2026-03-01T00:00:00Z", 2)).toEqual(live);
    expect(await walk(old, "/audit/logs?action=agent.deleted", 3)).toEqual(live);
    expect((await old.call("GET", `/audit/logs/${entries[1]}`)).status).toBe(404);
    // They get their numbers long after the end of that time, behind those of later ones, and are in its export.
    await eventually(async () => {
      const { items } = (await old.call("GET", "/audit/logs?to=2026-03-01T00:00:00Z")).body;
      return items.every(({ sequence }: { sequence: number | null }) => sequence !== null) ? items : undefined;
    }, "the entries have their numbers");
    const file = await old.call("GET", "/audit/export?to=2026-03-01T00:00:00Z");
    expect(
      file.text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
        .flatMap(({ line, id }) => (line === "entry" ? [id] : [])),
    ).toEqual([...live].reverse());
  });

  it("records who was refused what", async () => {
    const viewer = await addMember(company, "viewer");
    expect((await viewer.call("GET", "/audit/logs")).status).toBe(403);
    const refused = await company.call("GET", `/audit/users/${viewer.user_id}`);
    expect(refused.body.items[0]).toMatchObject({
      action: "access.denied",
      outcome: "denied",
      reason: "permission audit:read",
      resource: { type: "operation", id: "audit.list" },
      request: { method: "GET", path: "/api/v1/audit/logs" },
    });
  });
});
