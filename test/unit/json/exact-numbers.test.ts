import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MOST_FOREIGN_LEVELS, parseForeignJson } from "../../../shared/json.ts";

describe("foreign JSON", () => {
  it.each([
    ["7615917337495251231", "7615917337495251231"],
    ["-9223372036854775808", "-9223372036854775808"],
    ["9007199254740993", "9007199254740993"],
    ["9223372036854775808", "9223372036854775808"],
    ["1e400", "1e400"],
    ["-1e400", "-1e400"],
    ["1e-400", "1e-400"],
    ["0.12345678901234567890", "0.12345678901234567890"],
    ["123456789012345678e2", "123456789012345678e2"],
  ])("%s arrives as the text that was written, never as another number", (source, text) => {
    expect(parseForeignJson(`{"a":[${source}]}`)).toEqual({ a: [text] });
    expect(parseForeignJson(source)).toBe(text);
  });

  it.each([
    ["9007199254740992", 9007199254740992],
    ["1.50", 1.5],
    ["15e-1", 1.5],
    ["1E3", 1000],
    ["0.0", 0],
    ["0e99999", 0],
    ["-0", -0],
    ["0.1", 0.1],
    ["0.30000000000000004", 0.30000000000000004],
    ["1.7976931348623157e308", Number.MAX_VALUE],
    ["5e-324", 5e-324],
    ["100000000000000000000", 1e20],
  ])("%s is kept as a number", (source, value) => {
    expect(parseForeignJson(`{"a":${source}}`)).toEqual({ a: value });
  });

  it("is what JSON.parse gives, whatever the value, where every number is kept", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseForeignJson(text)).toEqual(JSON.parse(text));
        // The slow reader, too.
        expect(parseForeignJson(`[1e1,${text}]`)).toEqual([10, JSON.parse(text)]);
      }),
    );
  });

  it("keeps members of any name, and digits inside of texts are no numbers", () => {
    const text = '{"__proto__":{"x":7615917337495251231},"constructor":1,"s":"7615917337495251231 1e400 {[[\\"["}';
    expect(JSON.stringify(parseForeignJson(text))).toBe(text.replace("7615917337495251231}", '"7615917337495251231"}'));
  });

  it("nested deeper than a stack holds is refused as no JSON, not an overflow later", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
    expect(JSON.stringify(parseForeignJson(nested(MOST_FOREIGN_LEVELS)))).toBe(nested(MOST_FOREIGN_LEVELS));
    expect(() => parseForeignJson(nested(MOST_FOREIGN_LEVELS + 1))).toThrow(SyntaxError);
    expect(() => parseForeignJson(`{"a":${nested(500_000)}}`)).toThrow(SyntaxError);
  });
});
