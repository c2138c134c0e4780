import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { declaredItemsOfAllRooms } from "../../../docs/render/items.ts";
import { defineItem, fromStored, toStored } from "../../../shared/dynamo/item.ts";

const items = await declaredItemsOfAllRooms();

/** What of a schema can hold names or numbers that somebody outside chose: the places, and why. */
function free(schema: z.core.$ZodType, path: string, seen: ReadonlySet<unknown> = new Set()): string[] {
  if (seen.has(schema)) return [];
  const within = (inner: unknown, name = path) => free(inner as z.core.$ZodType, name, new Set([...seen, schema]));
  const def = schema._zod.def as unknown as Record<string, unknown> & { type: string };
  switch (def.type) {
    case "object":
      return Object.entries(def.shape as object).flatMap(([name, inner]) => within(inner, `${path}.${name}`));
    case "array":
      return within(def.element, `${path}[]`);
    case "union":
      return (def.options as unknown[]).flatMap((inner) => within(inner));
    case "tuple":
      return (def.items as unknown[]).flatMap((inner) => within(inner));
    case "set":
      return within(def.valueType, `${path}{}`);
    case "intersection":
      return [...within(def.left), ...within(def.right)];
    case "pipe":
      return within(def.out);
    case "lazy":
      return within((def.getter as () => unknown)());
    case "number": {
      const { isInt, minValue, maxValue } = schema as z.ZodNumber;
      const bounded = Math.abs(minValue ?? -Infinity) < 1e126 && Math.abs(maxValue ?? Infinity) < 1e126;
      return isInt || bounded ? [] : [`${path}: a number without bounds`];
    }
    case "record": {
      // Names of a fixed form are ours, and so are those of a list.
      const { checks = [], type } = (def.keyType as z.core.$ZodType)._zod.def;
      const fixed = type === "enum" || checks.some(({ _zod }) => "format" in _zod.def && _zod.def.format === "regex");
      return fixed ? within(def.valueType, `${path}{}`) : [`${path}: record`];
    }
    case "string":
    case "boolean":
    case "enum":
    case "literal":
    case "null":
    case "undefined":
    case "template_literal":
      return [];
    default:
      return "innerType" in def ? within(def.innerType) : [`${path}: ${def.type}`];
  }
}

describe("an item's fields", () => {
  it.each(items.map((item) => [item.type, item] as const))(
    "of %s hold no free names or numbers, except where they are kept as text",
    (_, item) => {
      const found = Object.entries(item.schema.shape)
        .filter(([name]) => !item.json.includes(name))
        .flatMap(([name, schema]) => free(schema, name));
      expect(found).toEqual([]);
    },
  );
});

const thing = defineItem({
  type: "test_of_free_json",
  summary: "Made up.",
  schema: z.object({ id: z.string(), free: z.unknown(), ratio: z.number() }),
  key: { pk: "", sk: "{id}" },
  json: ["free"],
});

describe("free JSON", () => {
  const names = fc.oneof(fc.string(), fc.constantFrom("constructor", "__proto__", "toString", "", "a.b", "#", ":v0"));
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
      fc.constantFrom(2 ** 63, -(2 ** 63), 1e300, 1e-200, Number.MAX_VALUE, Number.MIN_VALUE),
      fc.array(tie("any"), { maxLength: 4 }),
      fc
        .array(fc.tuple(names, tie("any")), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries) as Record<string, unknown>),
    ),
  })).any;

  it("comes back as it was, whatever its keys, numbers and depth", () => {
    fc.assert(
      fc.property(value, (free) => {
        const stored = toStored(thing, "t", { id: "a", free, ratio: 1 });
        expect(typeof stored).toBe("object");
        const back = fromStored(thing, stored).free;
        expect(JSON.stringify(back)).toBe(JSON.stringify(free));
        expect(back).toEqual(free);
      }),
    );
  });

  it("can be no part of a key, whose order and bounds would mean nothing", () => {
    const declare = () =>
      defineItem({
        type: "wrong",
        summary: "",
        schema: z.object({ id: z.string() }),
        key: { pk: "", sk: "{id}" },
        json: ["id"],
      });
    expect(declare).toThrow(/names \{id\}, which is free JSON/);
  });
});

describe("a number of an item", () => {
  it("that is smaller than the table takes is nought; one that is larger is named", () => {
    const stored = (ratio: number) => toStored(thing, "t", { id: "a", free: null, ratio });
    expect(stored(1e-200)).toMatchObject({ ratio: 0 });
    expect(stored(-1e-130)).toMatchObject({ ratio: -1e-130 });
    expect(() => stored(1e126)).toThrow("the number 1e+126 can't be stored");
    expect(() => stored(Number.NaN)).toThrow("NaN");
  });
});
