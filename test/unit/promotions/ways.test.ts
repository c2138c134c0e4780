import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { misfits, type Said, stepsUp } from "../../../functions/promotions/rules/ways.ts";
import { environments } from "../../../shared/environments.ts";

const environment = fc.constantFrom(...environments);
const rule = fc.record<Said>({
  source_environment: environment,
  target_environment: environment,
  allow_skip: fc.boolean(),
  requires_approval: fc.boolean(),
  separation_of_duties: fc.boolean(),
});
const plain: Said = {
  source_environment: "development",
  target_environment: "staging",
  allow_skip: false,
  requires_approval: true,
  separation_of_duties: true,
};
const fields = (more: Partial<Said>) => misfits({ ...plain, ...more }).map(({ field }) => field);

describe("a rule for promotions", () => {
  it("goes up, one environment at a time unless it says that it skips one", () => {
    expect(fields({})).toEqual([]);
    expect(fields({ target_environment: "production" })).toEqual(["allow_skip"]);
    expect(fields({ target_environment: "production", allow_skip: true })).toEqual([]);
    expect(fields({ allow_skip: true })).toEqual(["allow_skip"]);
    expect(fields({ target_environment: "development" })).toEqual(["target_environment"]);
    expect(fields({ source_environment: "production" })).toEqual(["target_environment"]);
  });

  it("to production says all that is wrong at once", () => {
    expect(fields({ target_environment: "production", requires_approval: false, separation_of_duties: false })).toEqual(
      ["allow_skip", "requires_approval", "separation_of_duties"],
    );
  });

  it("that fits never goes down or sideways, and never to production without approval by somebody else", () => {
    fc.assert(
      fc.property(rule, (said) => {
        fc.pre(misfits(said).length === 0);
        expect(stepsUp(said.source_environment, said.target_environment)).toBe(said.allow_skip ? 2 : 1);
        if (said.target_environment === "production")
          expect([said.requires_approval, said.separation_of_duties]).toEqual([true, true]);
      }),
    );
  });
});
