import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SweepFailed, sweepEach } from "../../../shared/events/sweep.ts";

async function* each<T>(things: readonly T[]) {
  yield* things;
}

describe("a sweep", () => {
  it("looks after everything, whatever fails on the way, and tells all faults at its end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), async (fails) => {
        const seen: number[] = [];
        const sweep = sweepEach(each(fails.map((fail, i) => ({ fail, i }))), async ({ fail, i }) => {
          seen.push(i);
          if (fail) throw new Error(`fault ${i}`);
        });
        const outcome = await sweep.catch((error: unknown) => error);
        expect(seen).toEqual(fails.map((_, i) => i));
        const faults = fails.flatMap((fail, i) => (fail ? [`fault ${i}`] : []));
        if (faults.length === 0) expect(outcome).toBe(fails.length);
        else expect((outcome as SweepFailed).errors.map(({ message }: Error) => message)).toEqual(faults);
      }),
    );
  });

  it("names the first faults and counts the others", async () => {
    const sweep = sweepEach(each([1, 2, 3, 4, 5, 6, 7]), (n) => Promise.reject(new Error(`fault ${n}`)));
    await expect(sweep).rejects.toThrow("7 of 7 failed: fault 1; fault 2; fault 3; fault 4; fault 5; and 2 more");
  });

  it("does not hide that its list could not be read", async () => {
    async function* broken() {
      yield 1;
      throw new Error("the list");
    }
    await expect(sweepEach(broken(), async () => {})).rejects.toThrow("the list");
  });
});
