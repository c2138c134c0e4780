import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineItem } from "../../../shared/dynamo/item.ts";
import { ImpossibleTransaction, prepared } from "../../../shared/dynamo/transaction.ts";
import { Writes } from "../../../shared/dynamo/write.ts";

const counter = defineItem({
  type: "test_counter",
  summary: "Made up.",
  schema: z.object({ id: z.string(), a: z.int(), b: z.int(), tags: z.set(z.string()), month: z.string() }),
  key: { pk: "", sk: "COUNTER#{id}" },
});
const text = defineItem({
  type: "test_text",
  summary: "Made up.",
  schema: z.object({ id: z.string(), text: z.string() }),
  key: { pk: "", sk: "TEXT#{id}" },
});
const writes = new Writes("table", "org_1");
const put = (id: string, text_ = "") => writes.put(text, { id, text: text_ });
const add = (id: string, more: { a?: number; b?: number; tags?: Set<string> }, set: object = {}) =>
  writes.update(counter, { id }, { set, add: more }, {});

describe("a transaction that DynamoDB would never take is refused by name before anything is sent:", () => {
  it("more than 100 items", () => {
    const many = (n: number) => Array.from({ length: n }, (_, i) => put(String(i)));
    expect(prepared(many(100))).toHaveLength(100);
    expect(() => prepared([...many(100), add("c", { a: 1 })])).toThrow(
      new ImpossibleTransaction("101 items are too many for one transaction, which takes 100", [
        ...many(100),
        add("c", { a: 1 }),
      ]),
    );
    expect(() => prepared([...many(100), add("c", { a: 1 })])).toThrow(/test_counter 1, test_text 100$/);
  });

  it("more than 4 MB, or more than 400 KB in one item, counted in bytes of UTF-8", () => {
    const large = (n: number) => Array.from({ length: n }, (_, i) => put(String(i), "é".repeat(200_000)));
    expect(prepared(large(10))).toHaveLength(10);
    expect(() => prepared(large(11))).toThrow(/^\d{7} bytes are too many for one transaction.*: test_text 11$/);
    expect(() => prepared([put("a", "é".repeat(204_800))])).toThrow(/too many for one item.*: test_text 1$/);
  });

  it("two writes to one item, whatever they are", () => {
    const kinds = [
      put("x"),
      writes.create(text, { id: "x", text: "" }),
      writes.update(text, { id: "x" }, { set: { text: "a" } }),
      writes.remove(text, { id: "x" }),
      writes.check(text, { id: "x" }, { exists: true }, () => {
        throw new Error();
      }),
    ];
    for (const one of kinds)
      for (const other of kinds) {
        if (one === other) continue;
        expect(() => prepared([one, put("y"), other])).toThrow(
          /^two writes to the item T#org_1 \/ TEXT#x: test_text 2$/,
        );
      }
    expect(() => prepared([put("x"), new Writes("table", "org_2").put(text, { id: "x", text: "" })])).not.toThrow();
  });

  it("no write at all", () => {
    expect(() => prepared([])).toThrow(ImpossibleTransaction);
  });
});

describe("additions to one counter", () => {
  const values = (write: (typeof kinds)[number] | undefined) => {
    const {
      UpdateExpression = "",
      ExpressionAttributeNames = {},
      ExpressionAttributeValues = {},
    } = write?.item.Update ?? {};
    const added: Record<string, unknown> = {};
    for (const [, name = "", value = ""] of (UpdateExpression.split("ADD ")[1] ?? "").matchAll(/(#\w+) (:v\d+)/g))
      added[ExpressionAttributeNames[name] ?? ""] = ExpressionAttributeValues[value];
    return added;
  };
  const kinds = [add("c", {})];

  it("are added up: a transaction does what its parts would do one after the other", () => {
    const some = fc.record({ a: fc.integer(), b: fc.integer() }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 10 }), fc.integer({ min: 0, max: 9 }), (parts, at) => {
        const all = parts.map((part) => add("c", part, { month: "2026-01" }));
        const ready = prepared([...all.slice(0, at), put("other"), ...all.slice(at)]);
        expect(ready).toHaveLength(2);
        const sum = (name: "a" | "b") => parts.reduce((total, part) => total + (part[name] ?? 0), 0);
        const named = (name: "a" | "b") => parts.some((part) => part[name] !== undefined);
        expect(values(ready.find(({ type }) => type === "test_counter"))).toEqual({
          ...(named("a") ? { a: sum("a") } : {}),
          ...(named("b") ? { b: sum("b") } : {}),
        });
      }),
    );
  });

  it("to a set are put together", () => {
    const [merged] = prepared([add("c", { tags: new Set(["x"]) }), add("c", { tags: new Set(["y", "x"]) })]);
    expect(values(merged)).toEqual({ tags: new Set(["x", "y"]) });
  });

  it("that look at what the others change are no sum: the second would be let through by the first one's number", () => {
    const limited = () => writes.update(counter, { id: "c" }, { add: { a: 1 } }, { below: { a: 5 } });
    expect(() => prepared([limited(), limited()])).toThrow(/two writes/);
    expect(() =>
      prepared([add("c", { a: 1 }, { month: "2026-01" }), add("c", { a: 1 }, { month: "2026-02" })]),
    ).toThrow(/two writes/);
    expect(() => prepared([add("c", { a: 1 }), writes.update(counter, { id: "c" }, { add: { a: 1 } })])).toThrow(
      /two writes/,
    );
  });
});
