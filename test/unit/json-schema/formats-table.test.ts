import { format, Validator } from "@cfworker/json-schema";
import { expect, it } from "vitest";

/**
 * Patterns and formats are checked by functions that are put into the validator's own table of formats for the time of one
 * validation. An update that copies the table, or no longer asks it, would let every pattern pass: it is seen here.
 */
it("the validator looks formats up in its exported table, by name, when it validates", () => {
  const validator = new Validator({ type: "string", format: "canary ^a$" }, "2020-12", false);
  expect(validator.validate("b").valid).toBe(true);
  const asked: string[] = [];
  format["canary ^a$"] = (text) => {
    asked.push(text);
    return text === "a";
  };
  try {
    expect(validator.validate("a").valid).toBe(true);
    expect(validator.validate("b").valid).toBe(false);
  } finally {
    delete format["canary ^a$"];
  }
  expect(asked).toEqual(["a", "b"]);
  expect(validator.validate("b").valid).toBe(true);
});
