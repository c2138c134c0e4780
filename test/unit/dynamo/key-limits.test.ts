import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineItem, KeyTooLong, PK_BYTES, primaryKey, SK_BYTES, toStored } from "../../../shared/dynamo/item.ts";

const item = defineItem({
  type: "test_of_key_limits",
  summary: "Made up.",
  schema: z.object({ a: z.string(), b: z.string(), c: z.string() }),
  key: { pk: "A#{a}", sk: "B#{b}" },
  indexes: { gsi1: { pk: "C#{c}", sk: "{c}" } },
});

describe("a key", () => {
  it("that the table does not take is named, by its type, its part and its bytes; any other is built", () => {
    const long = fc
      .tuple(fc.constantFrom("x", "#", "é", "😀", "%"), fc.integer({ min: 0, max: 2_200 }))
      .map(([letter, times]) => letter.repeat(times));
    fc.assert(
      fc.property(long, long, (a, b) => {
        const escaped = (value: string) => value.replaceAll("%", "%25").replaceAll("#", "%23");
        const [pk, sk] = [`T#org_1#A#${escaped(a)}`, `B#${escaped(b)}`];
        const build = () => primaryKey(item, "org_1", { a, b });
        if (Buffer.byteLength(pk) > PK_BYTES) expect(build).toThrow(/^test_of_key_limits: pk would have \d+ bytes/);
        else if (Buffer.byteLength(sk) > SK_BYTES)
          expect(build).toThrow(/^test_of_key_limits: sk would have \d+ bytes/);
        else expect(build()).toEqual({ pk, sk });
      }),
    );
  });

  it("of an index has the same limits", () => {
    const stored = (c: string) => toStored(item, "org_1", { a: "", b: "", c });
    expect(stored("c".repeat(SK_BYTES))).toMatchObject({ gsi1sk: "c".repeat(SK_BYTES) });
    expect(() => stored("c".repeat(SK_BYTES + 1))).toThrow(KeyTooLong);
  });
});
