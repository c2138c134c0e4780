import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type Condition, Expression } from "../../../shared/dynamo/condition.ts";
import { defineItem } from "../../../shared/dynamo/item.ts";
import { Writes } from "../../../shared/dynamo/write.ts";
import { wrongState } from "../../../shared/errors.ts";

const item = defineItem({
  type: "test_of_writes",
  summary: "Made up.",
  schema: z.object({ id: z.string(), status: z.string(), owner: z.string(), etag: z.string(), ends_at: z.string() }),
  key: { pk: "", sk: "THING#{id}" },
  indexes: { gsi1: { pk: "THINGS#{owner}#{status}", sk: "{id}" } },
  expires: "ends_at",
});
const writes = new Writes("table", "org_1");
const stored = {
  id: "a",
  status: "closed",
  owner: "o",
  etag: "1",
  ends_at: "2026-01-01T00:00:00.000Z",
  pk: "p",
  sk: "s",
};

describe("a condition", () => {
  it("names every attribute and value, so that none is taken for a word of the language", () => {
    const expression = new Expression();
    const text = expression.condition({
      exists: true,
      equals: { status: "open" },
      differs: { owner: "x" },
      below: { size: 3 },
      at_least: { count: 1 },
      one_of: { kind: ["a", "b"] },
      absent: ["gone"],
      present: ["here"],
      lacks: { tags: "t" },
      any: [{ absent: ["ttl"] }, { equals: { name: "n" } }],
    });
    expect(text).toBe(
      "attribute_exists(#pk) AND #status = :v0 AND #owner <> :v1 AND #size < :v2 AND #count >= :v3 AND #kind IN (:v4, :v5)" +
        " AND attribute_not_exists(#gone) AND attribute_exists(#here) AND NOT contains(#tags, :v6)" +
        " AND (attribute_not_exists(#ttl) OR #name = :v7)",
    );
    expect(expression.values).toMatchObject({ ":v0": "open", ":v5": "b", ":v7": "n" });
  });

  it("means the attribute that it names, whatever its name is made of", () => {
    const names = fc.uniqueArray(
      fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("a.b", "x-y", "#", "a b", "0", "__proto__", "00")),
    );
    fc.assert(
      fc.property(names, (attributes) => {
        const expression = new Expression();
        const keys = attributes.map((attribute) => expression.name(attribute));
        expect(attributes.map((attribute) => expression.name(attribute))).toEqual(keys);
        for (const [i, key] of keys.entries()) {
          expect(key).toMatch(/^#[A-Za-z0-9_]+$/);
          expect(expression.names[key]).toBe(attributes[i]);
        }
      }),
    );
  });
});

describe("a write", () => {
  it("chooses the error from what was there: missing is 404, another entity tag 412, another state 409", () => {
    const replace = writes.replace(item, { ...stored, status: "open" }, "0");
    expect(replace.refuse(undefined).code).toBe("not_found");
    expect(replace.refuse(stored).code).toBe("precondition_failed");
    const move = writes.transition(
      item,
      { id: "a" },
      { from: ["open"], set: { status: "closed", owner: "o" } },
      (old) => wrongState("thing", old.status, "open"),
    );
    expect(move.refuse(undefined).code).toBe("not_found");
    expect(move.refuse(stored)).toMatchObject({ code: "conflict", options: { members: { state: "closed" } } });
    expect(writes.create(item, stored).refuse(stored).code).toBe("already_exists");
  });

  it("that changes a field of an index changes the index's keys too, or says which field is missing", () => {
    const update = writes.update(item, { id: "a" }, { set: { status: "open", owner: "o" } });
    expect(update.item.Update?.ExpressionAttributeValues).toMatchObject({ ":v2": "T#org_1#THINGS#o#open", ":v3": "a" });
    expect(() => writes.update(item, { id: "a" }, { set: { status: "open" } })).toThrow(/also needs owner/);
  });

  it("that may find nothing and make the item gives it its type; one that only changes leaves it alone", () => {
    const typed = (when?: Condition) =>
      Object.values(
        writes.update(item, { id: "a" }, { set: { etag: "2" } }, when).item.Update?.ExpressionAttributeNames ?? {},
      );
    for (const when of [
      {},
      { exists: false },
      { absent: ["etag"] },
      { differs: { etag: "1" } },
      { any: [{ exists: true }] },
    ])
      expect(typed(when), JSON.stringify(when)).toContain("item_type");
    for (const when of [undefined, { equals: { etag: "1" } }, { present: ["etag"] }, { one_of: { status: ["open"] } }])
      expect(typed(when), JSON.stringify(when)).not.toContain("item_type");
  });

  it("that changes the expiry changes the second at which the table forgets the item", () => {
    const update = writes.update(item, { id: "a" }, { set: { ends_at: "2026-01-01T00:00:00.900Z" } });
    expect(update.item.Update?.UpdateExpression).toContain("#ttl");
    expect(Object.values(update.item.Update?.ExpressionAttributeValues ?? {})).toContain(1_767_225_600);
  });
});
