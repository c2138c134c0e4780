import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { declaredItemsOfAllRooms } from "../../docs/render/items.ts";
import { systemClock } from "../../shared/clock.ts";
import { defineItem, keyPattern, primaryKey } from "../../shared/dynamo/item.ts";
import { Table } from "../../shared/dynamo/table.ts";
import { UndeclaredWrite, writableOf } from "../../shared/dynamo/writable.ts";

const thing = defineItem({
  type: "writable_thing",
  summary: "Test.",
  schema: z.object({ id: z.string(), text: z.string() }),
  key: { pk: "THING#{id}", sk: "THING" },
});
const entry = defineItem({
  type: "writable_entry",
  summary: "Test.",
  schema: z.object({ id: z.string() }),
  key: { pk: "ENTRY#{id}", sk: "ENTRY" },
  append_only: true,
});
const items = (await declaredItemsOfAllRooms()).filter(({ type }) => !type.startsWith("writable_"));

describe("patterns of partition keys", () => {
  /** The fixed texts of a template, which its keys have in this order. */
  const name = (pk: string) => pk.split("#")[0] ?? "";
  const regex = (pattern: string) =>
    new RegExp(
      `^${pattern
        .split("*")
        .map((part) => part.replaceAll(/[^\w#]/g, "\\$&"))
        .join("[^]*")}$`,
    );
  const word = fc.stringMatching(/^[a-zA-Z#*%_\d]{1,12}$/);

  it("match the keys of their type and of those in partitions of the same name only, whatever the values", () => {
    const patterns = items.map((item) => ({ name: name(item.key.pk), pattern: regex(keyPattern(item)) }));
    for (const item of items) {
      expect(item.key.pk, item.type).toMatch(/^[A-Z][A-Z_]+(#|$)/);
      fc.assert(
        fc.property(fc.constantFrom("org_1", "platform"), word, word, word, (tenant, a, b, c) => {
          const values = [a, b, c];
          const fields = Object.fromEntries(Object.keys(item.schema.shape).map((field, i) => [field, values[i % 3]]));
          const { pk } = primaryKey(item, tenant, fields);
          expect(regex(keyPattern(item)).test(pk)).toBe(true);
          for (const other of patterns)
            if (other.name !== name(item.key.pk)) expect(other.pattern.test(pk), `${pk} ${other.pattern}`).toBe(false);
        }),
        { numRuns: 20 },
      );
    }
  });
});

describe("a table of a function", () => {
  const sent: unknown[] = [];
  const client = { send: async (command: unknown) => void sent.push(command) } as never;
  const table = new Table("table", client, systemClock, writableOf("writable_entry"));
  const { writes } = table.of("org_1");

  it("refuses to write what the function does not declare, before anything is sent", async () => {
    const write = writes.create(thing, { id: "a", text: "x" });
    const append = writes.create(entry, { id: "a" });
    await expect(table.transact([append, write])).rejects.toThrow(UndeclaredWrite);
    await expect(table.of("org_1").apply(thing, write)).rejects.toThrow(/writable_thing: see its room/);
    expect(sent).toEqual([]);
    await table.transact([append, writes.check(thing, { id: "a" }, { exists: true }, () => new Error() as never)]);
    expect(sent).toHaveLength(1);
  });

  it("sets single attributes of others that are declared, and nothing beside them", async () => {
    const touching = new Table("table", client, systemClock, writableOf("writable_thing.text"));
    const { writes } = touching.of("org_1");
    const before = sent.length;
    await touching.transact([writes.update(thing, { id: "a" }, { set: { text: "y" } }, { equals: { text: "x" } })]);
    expect(sent).toHaveLength(before + 1);
    for (const write of [
      writes.update(thing, { id: "a" }, { set: { text: "y", id: "a" } }),
      writes.update(thing, { id: "a" }, { set: { text: "y" } }, { equals: { id: "a" } }),
      writes.remove(thing, { id: "a" }),
      writes.put(thing, { id: "a", text: "y" }),
    ])
      await expect(touching.transact([write])).rejects.toThrow(UndeclaredWrite);
  });

  it("with an empty setting writes nothing, and without one is a tool's", async () => {
    expect(writableOf("")).toEqual(new Set());
    expect(writableOf(undefined)).toBeUndefined();
    await expect(
      new Table("table", client, systemClock, writableOf("")).transact([writes.create(entry, { id: "b" })]),
    ).rejects.toThrow(UndeclaredWrite);
  });
});

describe("what is written once", () => {
  it("has no write that changes, replaces or removes it", () => {
    const { writes } = new Table("table", {} as never).of("org_1");
    for (const write of [
      () => writes.update(entry, { id: "a" }, { set: { id: "a" } }),
      () => writes.remove(entry, { id: "a" }),
      () => writes.put(entry, { id: "a" }),
    ])
      expect(write).toThrow("writable_entry is written once");
    expect(writes.create(entry, { id: "a" }).item.Put?.ConditionExpression).toContain("attribute_not_exists");
  });
});
