import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { declaredItemsOfAllRooms } from "../../../docs/render/items.ts";
import {
  defineItem,
  fill,
  fromStored,
  indexAttributes,
  partition,
  prefixOf,
  primaryKey,
  toStored,
} from "../../../shared/dynamo/item.ts";

/** Words with everything that could be mistaken for a separator or its escape. */
const word = fc.stringMatching(/^[a-z#%T{}\uffff ]{1,8}$/);

describe("keys", () => {
  it("of two tenants never meet, whatever the values", () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word), fc.tuple(word, word, word), ([a, x, y], [b, v, w]) => {
        fc.pre(a !== b && !a.includes("#") && !b.includes("#"));
        const key = (tenant: string, one: string, two: string) =>
          partition(tenant, fill("AGENT#{one}#{two}", { one, two }) ?? "");
        expect(key(a, x, y)).not.toBe(key(b, v, w));
      }),
    );
  });

  it("of different values are different: a # in a value is no separator", () => {
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 2, maxLength: 2 }),
        fc.array(word, { minLength: 2, maxLength: 2 }),
        (a, b) => {
          const key = ([one, two]: string[]) => fill("{one}#{two}", { one, two });
          expect(key(a) === key(b)).toBe(a[0] === b[0] && a[1] === b[1]);
        },
      ),
    );
  });

  it("of numbers sort like the numbers", () => {
    const number = fc.integer({ min: 0, max: 999_999_999_999 });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [x, y] = [fill("V#{n}", { n: a }) ?? "", fill("V#{n}", { n: b }) ?? ""];
        expect(x < y).toBe(a < b);
      }),
    );
  });

  it("are incomplete without one of their fields, and then there is no key", () => {
    expect(fill("A#{one}#{two}", { one: "x" })).toBeUndefined();
    expect(fill("A#{one}#{two}", { one: "x", two: null })).toBeUndefined();
    expect(prefixOf("A#{one}#{two}", { one: "x" })).toBe("A#x#");
    fc.assert(
      fc.property(word, word, (one, two) => {
        expect((fill("A#{one}#{two}", { one, two }) ?? "").startsWith(prefixOf("A#{one}#{two}", { one }))).toBe(true);
      }),
    );
  });
});

const items = await declaredItemsOfAllRooms();

describe("every declared item", () => {
  it("is known here", () => {
    expect(items.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["agent", "audit_entry", "membership", "workspace"]),
    );
    expect(new Set(items.map(({ type }) => type)).size).toBe(items.length);
  });

  it.each(items.map((item) => [item.type, item] as const))("%s begins each of its keys with the tenant", (_, item) => {
    const fields = Object.fromEntries(Object.keys(item.schema.shape).map((name) => [name, "x"]));
    const keys = [primaryKey(item, "org_1", fields).pk];
    for (const [name, value] of Object.entries(indexAttributes(item, "org_1", fields)))
      if (name.endsWith("pk")) keys.push(value);
    for (const key of keys) expect(key).toMatch(/^T#org_1(#|$)/);
    expect(keys).toHaveLength(1 + Object.keys(item.indexes).length);
  });
});

describe("an item", () => {
  const item = defineItem({
    type: "test_of_items",
    summary: "Made up.",
    schema: z.object({ id: z.string(), owner: z.string().nullable(), ends_at: z.string() }),
    key: { pk: "THING#{id}", sk: "THING" },
    indexes: { gsi1: { pk: "OWNER#{owner}", sk: "{id}" } },
    expires: "ends_at",
  });
  const value = { id: "a", owner: "o", ends_at: "2026-01-01T00:00:00.500Z" };

  it("is stored with its keys, its type and the second of its expiry", () => {
    expect(toStored(item, "t", value)).toEqual({
      ...value,
      pk: "T#t#THING#a",
      sk: "THING",
      gsi1pk: "T#t#OWNER#o",
      gsi1sk: "a",
      item_type: "test_of_items",
      ttl: 1_767_225_600,
    });
    expect(fromStored(item, toStored(item, "t", value))).toEqual(value);
  });

  it("without an index's field is not in the index", () => {
    expect(toStored(item, "t", { ...value, owner: null })).not.toHaveProperty("gsi1pk");
  });

  it("that does not fit its schema is a fault that names it", () => {
    expect(() => fromStored(item, { pk: "T#t#THING#a", sk: "THING", id: 1 })).toThrow(
      /stored test_of_items T#t#THING#a/,
    );
  });

  it("whose key names no field of it cannot be declared", () => {
    const declare = () =>
      defineItem({
        type: "wrong",
        summary: "",
        schema: z.object({ id: z.string() }),
        key: { pk: "", sk: "{id}" },
        indexes: { gsi1: { pk: "X#{nothing}", sk: "{id}" } },
      });
    expect(declare).toThrow(/names \{nothing\}/);
  });
});
