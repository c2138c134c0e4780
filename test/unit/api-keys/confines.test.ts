import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Confines, mayMove, reaches, widens } from "../../../shared/access/keys/confines.ts";

const names = ["a", "b", "c", "d"] as const;
const some = fc.subarray([...names]);
const environments = fc.subarray(["development", "staging", "production"] as const);
const confines = fc.record({ workspace_ids: some, environments }) satisfies fc.Arbitrary<Confines>;
const place = fc.record({
  workspace_ids: some,
  environment: fc.constantFrom("development", "staging", "production", null),
});

describe("what a key is confined to", () => {
  it("lets nobody change which things are in workspaces of others", () => {
    fc.assert(
      fc.property(confines, fc.option(place, { nil: undefined }), place, (key, before, after) => {
        if (key.workspace_ids.length === 0 || !mayMove(key, before, after)) return;
        const others = names.filter((name) => !key.workspace_ids.includes(name));
        for (const name of others)
          expect(after.workspace_ids.includes(name)).toBe(before?.workspace_ids.includes(name) ?? false);
      }),
    );
  });

  it("lets nobody bring a thing into reach, or out of it", () => {
    fc.assert(
      fc.property(confines, place, place, (key, before, after) => {
        if (mayMove(key, before, after)) expect([reaches(key, before), reaches(key, after)]).toEqual([true, true]);
      }),
    );
  });

  it("is wider where anything is within reach that was not", () => {
    fc.assert(
      fc.property(confines, confines, place, (before, after, thing) => {
        if (reaches(after, thing) && !reaches(before, thing)) expect(widens(before, after)).toBe(true);
      }),
    );
  });

  it("is everything where it is nothing, and nothing else where it is something", () => {
    expect(reaches({ workspace_ids: [], environments: [] }, { workspace_ids: [] })).toBe(true);
    expect(reaches({ workspace_ids: ["a"], environments: [] }, { workspace_ids: [] })).toBe(false);
    expect(reaches({ workspace_ids: ["a"], environments: [] }, { workspace_ids: ["b", "a"] })).toBe(true);
    const ofBoth: Confines = { workspace_ids: ["a"], environments: ["staging"] };
    expect(reaches(ofBoth, { workspace_ids: ["a"] })).toBe(false);
    expect(reaches(ofBoth, { workspace_ids: ["b"], environment: "staging" })).toBe(false);
    expect(reaches(ofBoth, { workspace_ids: ["a"], environment: "staging" })).toBe(true);
  });
});
