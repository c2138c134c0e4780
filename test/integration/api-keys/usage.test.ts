import { expect, it } from "vitest";
import { apiKeyUsageItem } from "../../../shared/access/keys/items.ts";
import { registerCompany } from "../../support/api.ts";
import { apiKey } from "../../support/keys.ts";
import { stackTable } from "../../support/stack.ts";

const today = () => new Date().toISOString().slice(0, 10);

it("what a key was used for is known by day, operation and outcome, and is never more than was", async () => {
  const company = await registerCompany();
  const key = await apiKey(company, { scopes: ["agents:read", "teams:read"] });
  const began = today();
  const times = 12;
  for (let i = 0; i < times; i++) expect((await key.call("GET", "/agents?limit=1")).status).toBe(200);
  expect((await key.call("POST", "/agents", {})).status).toBe(403);
  expect((await key.call("GET", "/teams?limit=1")).status).toBe(200);
  const { status, body } = await company.call("GET", `/api-keys/${key.id}/usage?from=${began}`);
  expect([status, body.next_cursor]).toEqual([200, null]);
  const counted = new Map<string, number>();
  for (const { operations } of body.items)
    for (const { operation, succeeded, refused, failed } of operations) {
      counted.set(`${operation} succeeded`, (counted.get(`${operation} succeeded`) ?? 0) + succeeded);
      counted.set(`${operation} refused`, (counted.get(`${operation} refused`) ?? 0) + refused);
      expect(failed).toBe(0);
    }
  const lists = counted.get("agents.list succeeded") ?? 0;
  expect(lists).toBeLessThanOrEqual(times);
  // However many processes have served them: each has written the half of it at least.
  expect(lists).toBeGreaterThanOrEqual(times / 2 - 1);
  // No other process has seen the key for the rooms of teams.
  expect(counted.get("teams.list succeeded")).toBe(1);
  expect(counted.get("agents.create refused") ?? 0).toBeLessThanOrEqual(1);
});

it("days are listed from the oldest on, within what is asked for, page by page", async () => {
  const company = await registerCompany();
  const key = await apiKey(company);
  const own = stackTable().of(company.organization_id);
  const days = ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"];
  for (const day of days) {
    const item = { api_key_id: key.id, day, expires_at: "2099-01-01T00:00:00.000Z", "agents.get#succeeded": 2 };
    await own.transact([own.writes.put(apiKeyUsageItem, item)]);
  }
  const path = `/api-keys/${key.id}/usage?from=2026-02-28&to=2026-03-01&limit=1`;
  const first = (await company.call("GET", path)).body;
  expect(first.items).toMatchObject([{ day: "2026-02-28", succeeded: 2 }]);
  const next = (await company.call("GET", `${path}&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
  expect(next.items).toMatchObject([{ day: "2026-03-01", operations: [{ operation: "agents.get", succeeded: 2 }] }]);
  const wrong = await company.call("GET", `/api-keys/${key.id}/usage?from=2026-03-02&to=2026-03-01`);
  expect([wrong.status, wrong.body.code]).toEqual([422, "validation_failed"]);
  const other = await registerCompany();
  expect((await other.call("GET", `/api-keys/${key.id}/usage`)).status).toBe(404);
});
