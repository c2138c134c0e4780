import { expect, it } from "vitest";
import { responseModel } from "../../../shared/tracing/inner.ts";

it("a provider's name of its model is kept as far as it is one, and never longer than a name is", () => {
  expect(responseModel("gpt-4o-mini-2024-07-18")).toBe("gpt-4o-mini-2024-07-18");
  expect(responseModel("x".repeat(300_000))).toBe("x".repeat(200));
  for (const none of [undefined, "", "gpt\n4", "gpt\u202e", "\u0000"]) expect(responseModel(none)).toBeUndefined();
});
