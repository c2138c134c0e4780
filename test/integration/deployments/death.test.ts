import { beforeAll, describe, expect, it } from "vitest";
import type { Company } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { answer, type Fate, World } from "./world.ts";

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
});

/** Every moment at which whoever works at it can die: with each of its requests, or right after it. */
const fates: readonly Fate[] = (["table", "gateway"] as const).flatMap((of) =>
  Array.from({ length: of === "table" ? 6 : 3 }, (_, i) => i + 1).flatMap((after) =>
    [false, true].map((done) => ({ of, after, done })),
  ),
);
const named = (fate: Fate) => `${fate.done ? "after" : "before"} request ${fate.after} to the ${fate.of}`;

/** One of the two is active, and the place says which; what is not active is nowhere as such. */
async function whole(world: World, before: string, next: string): Promise<void> {
  const [old, one, slot] = [await world.read(before), await world.read(next), await world.slot()];
  const active = [old, one].filter(({ status }) => status === "active").map(({ id }) => id);
  expect(active).toEqual([slot?.active_id]);
}

describe("whoever puts a deployment in the place of another dies", () => {
  it.each(fates.map((fate) => [named(fate), fate] as const))(
    "%s: it is wholly the old one or wholly the new one, and comes to its end",
    async (_, fate) => {
      const world = await World.of(company);
      const before = await world.active();
      const next = await world.pending();
      await world.work(next.id, fate);
      await whole(world, before.id, next.id);
      await world.settle(next.id, before.id);
      const [old, one] = [await world.read(before.id), await world.read(next.id)];
      expect([old.status, one.status, one.error]).toEqual(["stopped", "active", null]);
      // Nothing else is served, and nothing twice.
      expect([...world.registrations.keys()]).toEqual([one.registration_id]);
      expect([await world.slot(), await world.live()]).toEqual([{ ...(await world.slot()), active_id: next.id }, 1]);
      expect((await world.slot())?.starting_id).toBeUndefined();
    },
  );

  it("and somebody stops it before it is taken up: nothing of it is left", async () => {
    for (const fate of fates) {
      const world = await World.of(company);
      const before = await world.active();
      const next = await world.pending();
      await world.work(next.id, fate);
      const { status } = await world.read(next.id);
      if (status === "active") continue;
      const stopped = await company.call("POST", `/deployments/${next.id}/stop`);
      expect(stopped.status, stopped.text).toBe(202);
      await world.settle(next.id, before.id);
      const [old, one] = [await world.read(before.id), await world.read(next.id)];
      expect([named(fate), old.status, one.status]).toEqual([named(fate), "active", "stopped"]);
      expect([...world.registrations.keys()], named(fate)).toEqual([old.registration_id]);
      expect([(await world.slot())?.active_id, await world.live()]).toEqual([before.id, 1]);
    }
  });
});

describe("two that work at one deployment at once", () => {
  it("ask its gateway once", async () => {
    const world = await World.of(company);
    const next = await world.pending();
    await Promise.all([world.work(next.id), world.work(next.id), world.work(next.id)]);
    expect(world.asked.filter(({ method }) => method === "POST")).toHaveLength(1);
    expect((await world.read(next.id)).status).toBe("active");
  });
});

describe("a gateway that does not answer", () => {
  it("is asked five times, and what it may have registered is taken away once it answers", async () => {
    const world = await World.of(company);
    const next = await world.pending();
    world.says = ({ method }) => (method === "POST" && world.asked.length < 6 ? answer(503, {}) : undefined);
    await world.settle(next.id);
    const failed = await world.read(next.id);
    expect([failed.status, failed.error?.code, failed.stop_reason]).toEqual(["failed", "gateway_busy", "failed"]);
    expect([world.registrations.size, await world.live(), (await world.slot())?.starting_id]).toEqual([
      0,
      0,
      undefined,
    ]);
  });

  it("at all leaves one that could not be taken away, and somebody is told", async () => {
    const world = await World.of(company);
    const next = await world.pending();
    world.says = () => answer(503, {});
    await world.settle(next.id);
    const left = await world.read(next.id);
    expect([left.status, left.error?.code, await world.live()]).toEqual(["stop_failed", "gateway_busy", 1]);
    world.says = () => undefined;
    expect((await company.call("POST", `/deployments/${next.id}/stop`)).status).toBe(202);
    await world.settle(next.id);
    expect([(await world.read(next.id)).status, await world.live(), world.registrations.size]).toEqual([
      "stopped",
      0,
      0,
    ]);
  });
});
