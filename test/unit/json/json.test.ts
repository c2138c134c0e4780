import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectJson, isExactNumber, parseForeignJson } from "../../../shared/json.ts";

describe("numbers of a JSON text", () => {
  it.each([
    "0",
    "-0",
    "1.0",
    "0.1",
    "1e2",
    "1E+2",
    "1e19",
    "10000000000000000000",
    "9007199254740991",
    "5e-324",
    "1.7976931348623157e308",
    "123456789012345680000",
    "-1.50",
    "100e-2",
  ])("%s is kept", (source) => expect(isExactNumber(source)).toBe(true));
  it.each([
    "7615917337495251231",
    "9007199254740993",
    "1e400",
    "-1e400",
    "0.10000000000000000001",
    "1e-400",
    "9223372036854775807",
    "3.14159265358979323846",
    "-12345678901234567890",
  ])("%s cannot be kept", (source) => expect(isExactNumber(source)).toBe(false));
  it("whatever JavaScript writes is kept", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => isExactNumber(String(value))),
    );
  });
  it("an integer is kept just when JavaScript writes the same integer again", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (value) => {
        const source = String(value);
        expect(isExactNumber(source)).toBe(String(Number(source)) === source);
      }),
    );
  });
});

describe("an answer of another system", () => {
  it("arrives with its large numbers as text", () => {
    expect(parseForeignJson('{"p_id":7615917337495251231,"n":[1,2.5,1e400],"s":"1e9"}')).toEqual({
      p_id: "7615917337495251231",
      n: [1, 2.5, "1e400"],
      s: "1e9",
    });
  });
  it("keeps names that objects have by themselves", () => {
    const read = parseForeignJson('{"__proto__":{"a":1},"constructor":12345678901234567890}') as object;
    expect(Object.keys(read)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });
});

describe("what JSON.parse accepts silently", () => {
  it.each([
    ['{"a":1,"b":{"a":1,"a":2}}', [["b.a", "stands more than once in its object"]]],
    ['{"a":1,"\\u0061":2}', [["a", "stands more than once in its object"]]],
    [
      '[{"x":"\\ud83d"},"ok","\\ud83d\\ude00"]',
      [["0.x", "is not well-formed text: it has half of a character (a lone surrogate)"]],
    ],
    ['{"k\\udc00":1}', [["k\ufffd", "has a name that is not well-formed text"]]],
    [
      '{"input":{"p_id":7615917337495251231,"x":[0,1e400]}}',
      [
        ["input.p_id", "is a number that cannot be kept exactly; send it as text or with fewer digits"],
        ["input.x.1", "is a number that cannot be kept exactly; send it as text or with fewer digits"],
      ],
    ],
    ['"\\ud83d"', [["", "is not well-formed text: it has half of a character (a lone surrogate)"]]],
    ["7615917337495251231", [["", "is a number that cannot be kept exactly; send it as text or with fewer digits"]]],
  ])("%s", (text, expected) => {
    expect(inspectJson(text)).toEqual(expected.map(([path, message]) => ({ path, message })));
  });
  it("finds nothing in what JSON.stringify wrote, unless it has the one name that no object may have", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const found = inspectJson(text).filter(({ path }) => !path.endsWith("__proto__"));
        return found.length === 0;
      }),
    );
  });
  it("collects a bounded number of findings", () => {
    // The place of what is found is told to a person: it is well-formed itself.
    expect(inspectJson('{"\\udc00":{"a":"\\udc00"}}').every(({ path }) => path.isWellFormed())).toBe(true);
    expect(inspectJson(`[${Array(1000).fill("1e999").join()}]`)).toHaveLength(20);
  });
});
