import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { commitChange } from "../../../shared/change/commit.ts";
import { defineEvents, draft } from "../../../shared/change/events.ts";
import { auditItem, outboxItem } from "../../../shared/change/items.ts";
import { notFound } from "../../../shared/errors.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { stackTable } from "../../support/stack.ts";

const events = defineEvents({
  "thing.made": { summary: "", resource: "thing", data: z.object({ thing_id: z.string() }) },
  "thing.moved": { summary: "", resource: "thing", data: z.object({ thing_id: z.string() }), audited: false },
  "membership.made": { summary: "", resource: "thing", data: z.object({}) },
});
const at = new Date("2026-05-06T07:08:09.010Z");

const context = () => ({
  tenant: `test_${randomBytes(8).toString("hex")}`,
  actor: { type: "user", id: "usr_1" } as const,
  at,
  trace_id: "req_1",
  request: null,
  audit_days: 400,
});

const things = (table: ReturnType<typeof stackTable>, tenant: string) => ({
  thing: () => table.of(tenant).get(quotaItem, { resource: "things" }),
  audit: async () => (await table.of(tenant).page(auditItem, { of: { month: "2026-05" }, limit: 10 })).items,
  outbox: async () => (await table.of(tenant).page(outboxItem, { of: { day: "2026-05-06" }, limit: 10 })).items,
});

describe("a change", () => {
  it("is one thing with its audit entry and its event", async () => {
    const table = stackTable(at);
    const within = context();
    const { thing, audit, outbox } = things(table, within.tenant);
    await commitChange(table, within, {
      writes: [table.of(within.tenant).writes.create(quotaItem, { resource: "things", used: 1 })],
      events: [
        draft(
          events,
          "thing.made",
          { id: "t", name: "Thing" },
          { thing_id: "t" },
          { changes: [{ field: "used", new: 1 }], reason: "why" },
        ),
        draft(events, "thing.moved", { id: "t" }, { thing_id: "t" }),
      ],
    });
    expect(await thing()).toMatchObject({ used: 1 });
    expect(await audit()).toMatchObject([
      {
        action: "thing.made",
        resource: { type: "thing", id: "t", name: "Thing" },
        actor: within.actor,
        occurred_at: at.toISOString(),
        outcome: "succeeded",
        changes: [{ field: "used", new: 1 }],
        reason: "why",
      },
    ]);
    expect((await outbox()).map(({ envelope }) => envelope.type).sort()).toEqual(["thing.made", "thing.moved"]);
    expect((await outbox())[0]?.envelope).toMatchObject({
      version: 1,
      organization_id: within.tenant,
      trace_id: "req_1",
      data: { thing_id: "t" },
    });
  });

  it("that is refused leaves no trace of any of them", async () => {
    const table = stackTable(at);
    const within = context();
    const { thing, audit, outbox } = things(table, within.tenant);
    const { writes } = table.of(within.tenant);
    const refused = commitChange(table, within, {
      writes: [
        writes.create(quotaItem, { resource: "things", used: 1 }),
        writes.check(quotaItem, { resource: "others" }, { exists: true }, () => notFound()),
      ],
      events: [draft(events, "thing.made", { id: "t" }, { thing_id: "t" })],
    });
    await expect(refused).rejects.toMatchObject({ code: "not_found" });
    expect([await thing(), await audit(), await outbox()]).toEqual([undefined, [], []]);
  });

  it("is remembered for 400 days, or for seven years where it is about access", async () => {
    const table = stackTable(at);
    const within = context();
    await commitChange(table, within, {
      writes: [],
      events: [
        draft(events, "thing.made", { id: "t" }, { thing_id: "t" }),
        draft(events, "membership.made", { id: "t" }, {}),
      ],
    });
    const kept = (await things(table, within.tenant).audit()).map(({ action, expires_at }) => [
      action,
      (Date.parse(expires_at) - at.getTime()) / 86_400_000,
    ]);
    expect(Object.fromEntries(kept)).toEqual({ "thing.made": 400, "membership.made": 2_555 });
  });
});
