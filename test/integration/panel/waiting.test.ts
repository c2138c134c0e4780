import { describe, expect, it } from "vitest";
import { waitForEnd } from "../../../functions/panel/running/waiting.ts";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { systemClock } from "../../../shared/clock.ts";
import { held, leaseItem, takeLease } from "../../../shared/limits/leases.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { eventually } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";
import { startRun } from "../runs/harness.ts";

const graph = graphSchema.parse({
  nodes: [
    { id: "in", kind: "input", label: "in", config: {} },
    { id: "out", kind: "output", label: "out", config: {} },
  ],
  connections: [{ id: "1", source: "in", target: "out" }],
});
const deps = { clock: systemClock, log: silentLog };

/** A run that nobody works, and how long its end is waited for. */
async function waiting() {
  const run = await startRun(graph, {});
  const own = stackTable().of(run.tenant);
  const open = async () => held(await own.get(leaseItem, { resource: "streams" }), new Date());
  const wait = async (at_most_ms: number) => {
    const before = Date.now();
    await waitForEnd(own, deps, "free", run.id, before + at_most_ms);
    return Date.now() - before;
  };
  return { own, open, wait };
}

describe("whoever waits for the end of a test", () => {
  it("holds one of the plan's places for streams meanwhile", async () => {
    const { open, wait } = await waiting();
    const waited = wait(5_000);
    await eventually(async () => ((await open()) === 1 ? true : undefined), "the place is taken");
    expect(await waited).toBeGreaterThan(4_000);
    expect(await open()).toBe(0);
  });

  it("does not wait where none is free", async () => {
    const { own, open, wait } = await waiting();
    const take = () => takeLease(own, "free", "streams", 60, () => new Date());
    await Promise.all(Array.from({ length: plans.free.streams }, take));
    expect(await wait(60_000)).toBeLessThan(60_000);
    expect(await open()).toBe(plans.free.streams);
  });
});
