import { describe, expect, it } from "vitest";
import { readIfMatch, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { notFound } from "../../../shared/errors.ts";

const losing = (times: number) => {
  let attempts = 0;
  return {
    attempts: () => attempts,
    run: async () => {
      attempts++;
      if (attempts <= times) throw lostRace();
      return "done";
    },
  };
};

describe("an update", () => {
  it("without If-Match is tried again after a lost race, and gives up with 409 after eight", async () => {
    const twice = losing(2);
    expect(await updateWithRetry(undefined, twice.run)).toBe("done");
    expect(twice.attempts()).toBe(3);
    const always = losing(100);
    await expect(updateWithRetry(undefined, always.run)).rejects.toMatchObject({ code: "conflict" });
    expect(always.attempts()).toBe(8);
    expect(await updateWithRetry("*", losing(1).run)).toBe("done");
  });

  it("with If-Match is tried once: the lost race is the answer", async () => {
    const once = losing(1);
    await expect(updateWithRetry(["abc"], once.run)).rejects.toMatchObject({ code: "precondition_failed" });
    expect(once.attempts()).toBe(1);
  });

  it("is not tried again for any other refusal", async () => {
    let attempts = 0;
    const run = async () => {
      attempts++;
      throw notFound();
    };
    await expect(updateWithRetry(undefined, run)).rejects.toMatchObject({ code: "not_found" });
    expect(attempts).toBe(1);
  });

  it("is refused at once when If-Match names other states than the one that was read", () => {
    for (const asked of [[], ["a"], ["a", "c"]]) expect(() => requireMatch(asked, "b")).toThrow(/precondition_failed/);
    for (const asked of [undefined, "*", ["b"], ["a", "b"]] as const)
      expect(() => requireMatch(asked, "b")).not.toThrow();
  });
});

describe("an If-Match header", () => {
  it.each([
    [undefined, undefined],
    ["*", "*"],
    [" * ", "*"],
    ['"a"', ["a"]],
    ['W/"a"', ["a"]],
    ['"a", W/"b" ,"c"', ["a", "b", "c"]],
    ['"a,b"', ["a,b"]],
    ["a", ["a"]],
    ["", []],
    ['""', [""]],
    ['"a", *', ["a", "*"]],
  ])("%j is read as %j", (header, read) => expect(readIfMatch(header)).toEqual(read));
});
