import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { timestamp } from "../../../shared/clock.ts";
import { readFamily } from "../../../shared/dynamo/family.ts";
import { defineItem, primaryKey } from "../../../shared/dynamo/item.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { stackTable } from "../../support/stack.ts";

const ticket = defineItem({
  type: "test_ticket",
  summary: "Made up for tests of expiry.",
  schema: z.object({ id: z.string(), shelf: z.string(), made_by: z.string(), expires_at: z.string() }),
  key: { pk: "TICKETS#{shelf}", sk: "TICKET#{id}" },
  indexes: { gsi1: { pk: "TICKETS_BY#{made_by}", sk: "{id}" } },
  expires: "expires_at",
});

/** A table whose clock the test moves: DynamoDB, whose own stands still then, has deleted nothing. */
function world() {
  let now = new Date();
  const { name, client } = stackTable();
  const table = new Table(name, client, { now: () => now }).of(`test_${randomBytes(8).toString("hex")}`);
  const expires_at = timestamp(new Date(now.getTime() + 60_000));
  return {
    table,
    made: (id: string, made_by = "somebody") => ({ id, shelf: "s", made_by, expires_at }),
    pass: (ms: number) => {
      now = new Date(now.getTime() + ms);
    },
  };
}

describe("an item whose time is over", () => {
  it("is found by no read, though it is still there", async () => {
    const { table, made, pass } = world();
    const lasting = { ...made("c"), expires_at: timestamp(new Date(Date.now() + 3_600_000)) };
    await table.transact([made("a"), made("b"), lasting].map((item) => table.writes.create(ticket, item)));
    const { pk } = primaryKey(ticket, table.tenant, lasting);
    const seen = async () => {
      const listed = [];
      for await (const one of table.all(ticket, { of: { shelf: "s" } })) listed.push(one.id);
      const [a, c] = await table.table.batch(["a", "c"].map((id) => table.read(ticket, { shelf: "s", id })));
      const family = await readFamily(table, { pk, from: "TICKET#", to: "TICKET#" }, { tickets: ticket });
      const indexed = await table.page(ticket, { index: "gsi1", of: { made_by: "somebody" }, limit: 10 });
      return {
        get: (await table.get(ticket, { shelf: "s", id: "b" }))?.id,
        batch: [a?.id, c?.id],
        list: listed,
        family: family.tickets.map(({ id }) => id),
        index: indexed.items.map(({ id }) => id),
      };
    };
    const all = ["a", "b", "c"];
    expect(await seen()).toEqual({ get: "b", batch: ["a", "c"], list: all, family: all, index: all });
    pass(61_000);
    expect(await seen()).toEqual({ get: undefined, batch: [undefined, "c"], list: ["c"], family: ["c"], index: ["c"] });
  });

  it("is in nobody's way: a new one takes its key, and of many at once one does", async () => {
    const { table, made, pass } = world();
    await table.transact([table.writes.create(ticket, made("a", "first"))]);
    const early = table.transact([table.writes.create(ticket, made("a", "early"))]);
    await expect(early).rejects.toMatchObject({ code: "already_exists" });
    pass(61_000);
    const later = timestamp(new Date(Date.now() + 3_600_000));
    const all = await Promise.allSettled(
      ["x", "y", "z"].map((by) =>
        table.transact([table.writes.create(ticket, { ...made("a", by), expires_at: later })]),
      ),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await table.get(ticket, { shelf: "s", id: "a" }))?.made_by).toMatch(/^[xyz]$/);
  });
});
