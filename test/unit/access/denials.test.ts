import { describe, expect, it } from "vitest";
import { DENIALS_EACH, isRecorded } from "../../../shared/http/permit.ts";

describe("the entries of refusals in a minute", () => {
  const entriesOf = (refusals: number) =>
    Array.from({ length: refusals }, (_, i) => i + 1).filter((nth) => isRecorded(nth));

  it("are one each at first, then one for each doubling", () => {
    expect(entriesOf(100)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 40, 80]);
  });

  it("are few whatever is asked, and tell the number to a factor of two", () => {
    expect(entriesOf(20_000).length).toBeLessThanOrEqual(DENIALS_EACH + 11);
    for (const refusals of [11, 19, 20, 333, 4_999])
      expect(entriesOf(refusals).at(-1)).toBeGreaterThan(refusals / 2 - 1);
  });
});
