import { describe, expect, it } from "vitest";
import { newId } from "../../../shared/ids.ts";
import { held, leased, leaseItem, takeLease } from "../../../shared/limits/leases.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { stackTable } from "../../support/stack.ts";

const limit = plans.free.streams;

/** An organization of its own, and a clock that the test moves. */
function world() {
  let ahead = 0;
  const clock = () => new Date(Date.now() + ahead);
  const table = stackTable().of(newId("organization", new Date()));
  return {
    table,
    take: () => takeLease(table, "free", "streams", 60, clock),
    pass: (seconds: number) => {
      ahead += seconds * 1_000;
    },
    held: async () => held(await table.get(leaseItem, { resource: "streams" }), clock()),
  };
}

const many = <T>(count: number, make: () => Promise<T>) => Promise.allSettled(Array.from({ length: count }, make));

describe("places that are held for a while", () => {
  it("are given out up to the plan's limit under parallel requests; beyond it the refusal names limit and usage", async () => {
    const one = world();
    const answers = await many(2 * limit, one.take);
    const refused = answers.filter((answer) => answer.status === "rejected").map(({ reason }) => reason);
    expect(answers.length - refused.length).toBe(limit);
    for (const reason of refused) {
      expect(reason).toMatchObject({ code: "quota_exceeded", options: { members: { resource: "streams", limit } } });
    }
    expect(await one.held()).toBe(limit);
  });

  it("are free again when they are given back, each once", async () => {
    const one = world();
    const first = await many(limit / 2, one.take);
    const leases = first.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    expect(leases).toHaveLength(limit / 2);
    for (const lease of leases) await lease.give();
    expect(await one.held()).toBe(0);
  });

  it("are free again when their time is over, whoever died with them", async () => {
    const one = world();
    for (let i = 0; i < limit; i++) await one.take();
    await expect(one.take()).rejects.toMatchObject({ code: "quota_exceeded" });
    one.pass(125);
    expect(await one.held()).toBe(0);
    const late = await one.take();
    one.pass(125);
    // Given back after its time: nobody else's place is taken for it.
    const own = await one.take();
    await late.give();
    expect(await one.held()).toBe(1);
    await own.give();
    expect(await one.held()).toBe(0);
  });

  it("are given back however the reading ends: at the end, by a fault, by a reader who leaves", async () => {
    const one = world();
    async function* source(fail: boolean) {
      yield 1;
      if (fail) throw new Error("broken");
      yield 2;
    }
    const read = async (fail: boolean, enough: number) => {
      for await (const piece of leased(await one.take(), source(fail), silentLog)) if (piece === enough) return;
    };
    await read(false, 9);
    await expect(read(true, 9)).rejects.toThrow("broken");
    await read(false, 1);
    expect(await one.held()).toBe(0);
  });
});
