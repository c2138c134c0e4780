import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDelivery, start } from "../../../functions/webhooks/deliveries/delivery.ts";
import { sweep } from "../../../functions/webhooks/deliveries/sweep.ts";
import { deliveryItem, watchedOrganizationItem } from "../../../functions/webhooks/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { SweepFailed } from "../../../shared/events/sweep.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { faultyTable } from "../../support/faulty-table.ts";
import { type Receiver, startReceiver, verified } from "../../support/receiver.ts";
import { KillSwitch, World } from "./world.ts";

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

/** One event, a receiver that takes it and one that takes it at the second time; the worker is killed at one step. */
async function story(path: string, kill: KillSwitch) {
  const world = new World();
  const good = await world.webhook(`${receiver.url}${path}/good`, ["a.happened"]);
  const flaky = await world.webhook(`${receiver.url}${path}/flaky`, ["a.*", "*"]);
  const silent = await world.webhook(`${receiver.url}${path}/other`, ["b.happened"]);
  // Longer than the queue's visibility timeout: a hint that is not repeated is missed.
  receiver.reply(`${path}/flaky`, { status: 500, headers: { "retry-after": "120" } }, { status: 200 });
  const event = await world.event("a.happened");
  await world.events.send([event]);
  world.kill = kill;
  await world.run();
  world.kill = new KillSwitch();
  return { world, event, good, flaky, silent };
}

describe("a worker that ends anywhere", () => {
  it.each(["before", "after"] as const)(
    "loses nothing and invents nothing, killed just %s any read, write or send",
    async (when) => {
      let steps = 0;
      for (let at = 1; ; at++) {
        const kill = new KillSwitch(at, when);
        const path = `/${when}-${at}`;
        const { world, event, good, flaky, silent } = await story(path, kill);
        const where = `killed ${when} step ${at}`;
        let unrecorded = 0;
        for (const [hook, name] of [
          [good, "good"],
          [flaky, "flaky"],
        ] as const) {
          const requests = receiver.at(`${path}/${name}`);
          expect(requests.length, where).toBeGreaterThan(0);
          for (const request of requests) {
            expect(verified(request, hook.secret), where).toEqual(event);
            expect(request.headers["webhook-id"], where).toBe(event.id);
          }
          const deliveries = await world.deliveries(hook.id);
          expect(deliveries, where).toHaveLength(1);
          const [delivery] = deliveries;
          expect(delivery, where).toMatchObject({ status: "succeeded", next_attempt_at: null, event_id: event.id });
          expect(delivery?.watch_at, where).toBeUndefined();
          expect(delivery?.lease_id, where).toBeUndefined();
          const attempts = await world.attemptsOf(delivery?.id ?? "");
          expect(
            attempts.map(({ number }) => number),
            where,
          ).toEqual(Array.from({ length: delivery?.attempt_count ?? 0 }, (_, i) => i + 1));
          expect(attempts.at(-1)?.outcome, where).toBe("succeeded");
          unrecorded += requests.length - attempts.length;
        }
        // Only a request whose answer the dead worker could not record was made once more.
        expect(unrecorded, where).toBeGreaterThanOrEqual(0);
        expect(unrecorded, where).toBeLessThanOrEqual(kill.happened ? 1 : 0);
        expect(receiver.at(`${path}/other`), where).toEqual([]);
        expect(await world.deliveries(silent.id), where).toEqual([]);
        steps = kill.steps;
        if (!kill.happened) break;
      }
      // Reads of three patterns, two deliveries, three attempts: if this were small, nothing would have been interrupted.
      expect(steps).toBeGreaterThan(25);
    },
  );

  it("the same event taken ten times at once makes one delivery for each webhook", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/tenfold`, ["*", "a.*", "a.happened"]);
    const event = await world.event("a.happened");
    await Promise.all(Array.from({ length: 10 }, () => world.fanOut(event)));
    expect(await world.deliveries(hook.id)).toHaveLength(1);
    await world.run();
    expect(receiver.at("/tenfold")).toHaveLength(1);
  });

  it("of ten workers at one attempt one makes the request", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/race`, ["a.happened"]);
    receiver.reply("/race", { status: 500 }, { status: 200 });
    await world.fanOut(await world.event("a.happened"));
    const [hint] = world.attempts.messages.splice(0);
    if (hint === undefined) throw new Error("there is no hint");
    await Promise.all(Array.from({ length: 10 }, () => world.attempt(hint.body)));
    expect(receiver.at("/race")).toHaveLength(1);
    await world.run();
    expect(receiver.at("/race")).toHaveLength(2);
    const [delivery] = await world.deliveries(hook.id);
    expect(delivery).toMatchObject({ status: "succeeded", attempt_count: 2 });
  });

  it("a worker that comes back after its lease has ended records nothing over what has happened since", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/late`, ["a.happened"]);
    await world.fanOut(await world.event("a.happened"));
    const [hint] = world.attempts.messages.splice(0);
    if (hint === undefined) throw new Error("there is no hint");
    const { outbound } = world.deps;
    let second: Promise<void> | undefined;
    // While the first request is out, its lease ends and another worker makes the attempt.
    const slow = {
      ...world.deps,
      outbound: {
        request: async (request: Parameters<typeof outbound.request>[0]) => {
          const answer = await outbound.request(request);
          world.now = addSeconds(world.now, 60);
          second = world.attempt(hint.body);
          await second;
          return answer;
        },
      },
    };
    const { attemptDelivery } = await import("../../../functions/webhooks/deliveries/attempt.ts");
    await attemptDelivery(hint.body, slow);
    const [delivery] = await world.deliveries(hook.id);
    expect(delivery).toMatchObject({ status: "succeeded", attempt_count: 1 });
    expect(await world.attemptsOf(delivery?.id ?? "")).toHaveLength(1);
    expect(receiver.at("/late")).toHaveLength(2);
    expect(world.attempts.messages).toEqual([]);
  });

  it("a delivery whose hints are all lost is found by the sweeper, once", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/swept`, ["a.happened"]);
    await world.tenant.transact([
      world.table.of(PLATFORM).writes.put(watchedOrganizationItem, { organization_id: world.organization_id }),
    ]);
    await world.fanOut(await world.event("a.happened"));
    world.attempts.messages.splice(0);
    await sweep(world.deps);
    const own = () => world.attempts.messages.filter(({ body }) => body.webhook_id === hook.id);
    expect(own()).toEqual([]);
    world.now = addSeconds(world.now, 700);
    await sweep(world.deps);
    await sweep(world.deps);
    expect(own()).toHaveLength(1);
    world.attempts.messages.splice(0, world.attempts.messages.length, ...own());
    await world.run();
    expect(receiver.at("/swept")).toHaveLength(1);
    expect((await world.deliveries(hook.id))[0]).toMatchObject({ status: "succeeded" });
  });

  it("a sweep goes on with the other organizations when one of them cannot be looked after, and tells it", async () => {
    const worlds = [new World(), new World(), new World()];
    for (const world of worlds) {
      await world.webhook(`${receiver.url}/one-of-several`, ["a.happened"]);
      await world.tenant.transact([
        world.table.of(PLATFORM).writes.put(watchedOrganizationItem, { organization_id: world.organization_id }),
      ]);
      await world.fanOut(await world.event("a.happened"));
      world.attempts.messages.splice(0);
    }
    const [first, second, third] = worlds;
    if (first === undefined || second === undefined || third === undefined) throw new Error("there are three");
    const later = { now: () => addSeconds(first.now, 700) };
    // Organizations are swept in the order of their ids, which is that of their making.
    const broken = faultyTable((command, input) =>
      command === "Query" && JSON.stringify(input).includes(second.organization_id) ? "throttle" : undefined,
    );
    const { attempts } = first;
    await expect(sweep({ table: broken, clock: later, attempts })).rejects.toThrow(SweepFailed);
    const hinted = new Set(attempts.messages.map(({ body }) => body.tenant));
    expect([first, second, third].map(({ organization_id }) => hinted.has(organization_id))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("a delivery that cannot be brought to an end is given up after four days", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/old`, ["a.happened"]);
    const event = await world.event("a.happened");
    await world.tenant.transact([
      world.table.of(PLATFORM).writes.put(watchedOrganizationItem, { organization_id: world.organization_id }),
      world.tenant.writes.create(
        deliveryItem,
        newDelivery({ webhook_id: hook.id, event, at: addSeconds(world.now, -5 * 86_400) }),
      ),
    ]);
    await sweep(world.deps);
    expect((await world.deliveries(hook.id))[0]).toMatchObject({
      status: "failed",
      error_code: "expired",
      next_attempt_at: null,
    });
    expect(world.attempts.messages.filter(({ body }) => body.webhook_id === hook.id)).toEqual([]);
  });

  it("a delivery made while its webhook was being deleted does not stay", async () => {
    const world = new World();
    const event = await world.event("a.happened");
    const orphan = newDelivery({ webhook_id: "whk_01J00000000000000000000000", event, at: world.now });
    await start(world.tenant, [orphan], world.attempts);
    expect(await world.deliveries(orphan.webhook_id)).toHaveLength(1);
    await world.run();
    expect(await world.deliveries(orphan.webhook_id)).toEqual([]);
  });

  it("a hint that comes too early waits, in hops that SQS can hold", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/patient`, ["a.happened"]);
    const begun = world.now.getTime();
    receiver.reply("/patient", { status: 500 });
    await world.events.send([await world.event("a.happened")]);
    await world.run();
    const [delivery] = await world.deliveries(hook.id);
    expect(delivery).toMatchObject({
      status: "failed",
      attempt_count: 8,
      error_code: "server_error",
      next_attempt_at: null,
    });
    const times = (await world.attemptsOf(delivery?.id ?? "")).map(({ started_at }) =>
      Math.round((Date.parse(started_at) - begun) / 60_000),
    );
    expect(times).toEqual([0, 0, 5, 35, 155, 455, 1055, 1655]);
    expect(receiver.at("/patient")).toHaveLength(8);
    expect(new Set(receiver.at("/patient").map((one) => one.headers["webhook-id"])).size).toBe(1);
    expect(timestamp(world.now) > timestamp(addSeconds(new Date(begun), 27 * 3_600))).toBe(true);
  });
});
