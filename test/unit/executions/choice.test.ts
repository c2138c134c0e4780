import { describe, expect, it } from "vitest";
import { promptIn } from "../../../functions/executions/prompts/public.ts";

const named = { tool: "team", name: "review" };

describe("a prompt in the input of an agent's run", () => {
  it("is an object, and nothing else is one", () => {
    expect(promptIn({ prompt: named })).toEqual({ ...named, arguments: {} });
    for (const input of ["prompt", null, [named], { message: "Hi" }, { prompt: "Draw." }, { prompt: [named] }])
      expect(promptIn(input)).toBeUndefined();
  });

  it.each([
    ["lacks its tool", { name: "review" }, "input.prompt.tool"],
    ["has an argument that is no text", { ...named, arguments: { n: 5 } }, "input.prompt.arguments.n"],
    ["has a member that is not known", { ...named, version: "1" }, "input.prompt.version"],
    [
      "has too many arguments",
      { ...named, arguments: Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`a${i}`, ""])) },
      "input.prompt.arguments",
    ],
  ])("that %s is refused, also beside a message", (_, prompt, path) => {
    expect(() => promptIn({ message: "Hi", prompt })).toThrow(
      expect.objectContaining({
        code: "validation_failed",
        options: { issues: [expect.objectContaining({ path })] },
      }),
    );
  });
});
