import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDelivery, start } from "../../../functions/webhooks/deliveries/delivery.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { type Receiver, startReceiver, verified } from "../../support/receiver.ts";
import { places } from "../../support/thorough.ts";
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
      const uninterrupted = new KillSwitch();
      await story(`/${when}`, uninterrupted);
      const { steps } = uninterrupted;
      // Reads of three patterns, two deliveries, three attempts: if this were small, nothing would be interrupted.
      expect(steps).toBeGreaterThan(25);
      for (const at of places(steps, 8)) {
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
          expect(delivery?.lease_id, where).toBeUndefined();
          const attempts = await world.attemptsOf(delivery?.id ?? "");
          expect(
            attempts.map(({ number }) => number),
            where,
          ).toEqual(Array.from({ length: delivery?.attempt_count ?? 0 }, (_, i) => i + 1));
          expect(attempts.at(-1)?.outcome, where).toBe("succeeded");
          unrecorded += requests.length - attempts.length;
        }
        expect(await world.due(), where).toEqual([]);
        // Only a request whose answer the dead worker could not record was made once more.
        expect(unrecorded, where).toBeGreaterThanOrEqual(0);
        expect(unrecorded, where).toBeLessThanOrEqual(kill.happened ? 1 : 0);
        expect(receiver.at(`${path}/other`), where).toEqual([]);
        expect(await world.deliveries(silent.id), where).toEqual([]);
      }
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

  it("a delivery whose hints are all lost comes due by itself, and is made once however often it is told", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/swept`, ["a.happened"]);
    await world.fanOut(await world.event("a.happened"));
    world.attempts.messages.splice(0);
    const [due, ...more] = await world.due();
    if (due === undefined) throw new Error("nothing is due");
    expect(more).toEqual([]);
    expect(due.at).toBe(timestamp(addSeconds(world.now, 600)));
    world.now = new Date(due.at);
    await Promise.all([world.comeDue(due), world.comeDue(due), world.comeDue(due)]);
    await world.run();
    await world.comeDue(due);
    expect(receiver.at("/swept")).toHaveLength(1);
    expect((await world.deliveries(hook.id))[0]).toMatchObject({ status: "succeeded" });
    expect(await world.due()).toEqual([]);
  });

  it("a delivery that cannot be brought to an end is given up after four days", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/old`, ["a.happened"]);
    await world.fanOut(await world.event("a.happened"));
    world.attempts.messages.splice(0);
    world.now = addSeconds(world.now, 4 * 86_400 + 1);
    await world.run();
    expect((await world.deliveries(hook.id))[0]).toMatchObject({
      status: "failed",
      error_code: "expired",
      next_attempt_at: null,
    });
    expect(receiver.at("/old")).toEqual([]);
    expect([await world.due(), world.attempts.messages]).toEqual([[], []]);
  });

  it("a delivery made while its webhook was being deleted does not stay", async () => {
    const world = new World();
    const event = await world.event("a.happened");
    const orphan = newDelivery({ kept_days: 30, webhook_id: "whk_01J00000000000000000000000", event, at: world.now });
    await start(world.tenant, [orphan], world.attempts);
    expect(await world.deliveries(orphan.webhook_id)).toHaveLength(1);
    await world.run();
    expect(await world.deliveries(orphan.webhook_id)).toEqual([]);
    expect(await world.due()).toEqual([]);
  });

  it("a hint that comes too early waits in the queue for 15 minutes at most; what is later comes due by itself", async () => {
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
