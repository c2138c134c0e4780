import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { healthItem, webhookItem } from "../../../functions/webhooks/store.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { World } from "./world.ts";

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

/** Fans out this many events and hands their hints to the test. */
async function waiting(world: World, count: number) {
  for (let i = 0; i < count; i++) await world.fanOut(await world.event("a.happened"));
  return world.attempts.messages.splice(0).map(({ body }) => body);
}
const told = async (world: World) => {
  const found = [];
  for await (const { envelope } of world.tenant.all(outboxItem, { of: { day: timestamp(new Date()).slice(0, 10) } }))
    if (envelope.type === "webhook.auto_disabled") found.push(envelope);
  return found;
};

describe("a receiver that keeps failing", () => {
  it("is disabled by the 20th failed delivery in a row, told once, also when all fail at the same time", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/failing`, ["a.happened"]);
    receiver.reply("/failing", { status: 404 });
    const hints = await waiting(world, 24);
    for (const hint of hints.slice(0, 12)) await world.attempt(hint);
    expect(await world.tenant.get(healthItem, { webhook_id: hook.id })).toMatchObject({ consecutive_failures: 12 });
    expect(await told(world)).toEqual([]);
    await Promise.all(hints.slice(12, 19).map(world.attempt));
    expect(await world.tenant.get(webhookItem, { id: hook.id })).toMatchObject({ status: "active" });
    await Promise.all(hints.slice(19).map(world.attempt));
    expect(await world.tenant.get(webhookItem, { id: hook.id })).toMatchObject({
      status: "disabled",
      disabled_reason: "consecutive_failures",
    });
    const events = await told(world);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      actor: { type: "system" },
      data: { webhook_id: hook.id, reason: "consecutive_failures", consecutive_failures: 20 },
    });
    const deliveries = await world.deliveries(hook.id);
    expect(deliveries.every(({ status }) => status === "failed")).toBe(true);
    // Every failure that was counted is an attempt that was made; what came after the end was not sent.
    const attempted = deliveries.filter(({ attempt_count }) => attempt_count === 1);
    expect(attempted).toHaveLength(receiver.at("/failing").length);
    expect(await world.tenant.get(healthItem, { webhook_id: hook.id })).toMatchObject({
      consecutive_failures: attempted.length,
    });
    expect(
      deliveries
        .filter(({ attempt_count }) => attempt_count === 0)
        .every(({ error_code }) => error_code === "webhook_disabled"),
    ).toBe(true);
  });

  it("is disabled when it has been failing for three days, however few deliveries that were", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/slow-death`, ["a.happened"]);
    receiver.reply("/slow-death", { status: 404 });
    const [first, second, third] = await waiting(world, 3);
    if (first === undefined || second === undefined || third === undefined) throw new Error("three hints");
    await world.attempt(first);
    world.now = addSeconds(world.now, 71 * 3_600);
    await world.attempt(second);
    expect(await world.tenant.get(webhookItem, { id: hook.id })).toMatchObject({ status: "active" });
    world.now = addSeconds(world.now, 2 * 3_600);
    await world.attempt(third);
    expect(await world.tenant.get(webhookItem, { id: hook.id })).toMatchObject({
      status: "disabled",
      disabled_reason: "failing_too_long",
    });
  });

  it("a success in between starts the count anew", async () => {
    const world = new World();
    const hook = await world.webhook(`${receiver.url}/mixed`, ["a.happened"]);
    receiver.reply("/mixed", { status: 404 }, { status: 404 }, { status: 200 }, { status: 404 });
    for (const hint of await waiting(world, 4)) await world.attempt(hint);
    expect(await world.tenant.get(healthItem, { webhook_id: hook.id })).toMatchObject({ consecutive_failures: 1 });
  });
});

describe("an address that has become private", () => {
  it("is refused when it is called, whatever the name said when it was saved, and is not tried again", async () => {
    const world = new World({ allow: [], resolve: async () => [{ address: "10.0.0.1", family: 4 }] });
    const hook = await world.webhook("https://rebind.example.com/x", ["a.happened"]);
    await world.events.send([await world.event("a.happened")]);
    await world.run();
    const [delivery] = await world.deliveries(hook.id);
    expect(delivery).toMatchObject({
      status: "failed",
      attempt_count: 1,
      response_status: null,
      error_code: "blocked_address",
    });
  });

  it("is refused as a literal address too", async () => {
    const world = new World({ allow: [] });
    const hook = await world.webhook(`${receiver.url}/private`, ["a.happened"]);
    await world.events.send([await world.event("a.happened")]);
    await world.run();
    expect((await world.deliveries(hook.id))[0]).toMatchObject({ status: "failed", error_code: "blocked_address" });
    expect(receiver.at("/private")).toEqual([]);
  });
});

describe("what cannot be sent", () => {
  it("paused and disabled webhooks get nothing, and their deliveries say why without counting as failures", async () => {
    for (const [status, code] of [
      ["paused", "webhook_paused"],
      ["disabled", "webhook_disabled"],
    ] as const) {
      const world = new World();
      const hook = await world.webhook(`${receiver.url}/${status}`, ["a.happened"]);
      const [hint] = await waiting(world, 1);
      await world.tenant.transact([world.tenant.writes.update(webhookItem, { id: hook.id }, { set: { status } })]);
      if (hint === undefined) throw new Error("a hint");
      await world.attempt(hint);
      expect((await world.deliveries(hook.id))[0]).toMatchObject({
        status: "failed",
        error_code: code,
        attempt_count: 0,
      });
      expect(await world.tenant.get(healthItem, { webhook_id: hook.id })).toBeUndefined();
      expect(receiver.at(`/${status}`)).toEqual([]);
      await world.fanOut(await world.event("a.happened"));
      expect(await world.deliveries(hook.id)).toHaveLength(1);
    }
  });

  it("a secret copied from another webhook does not sign", async () => {
    const world = new World();
    const donor = await world.webhook(`${receiver.url}/donor`, ["b.happened"]);
    const hook = await world.webhook(`${receiver.url}/copied`, ["a.happened"], { secrets: donor.secrets });
    await world.events.send([await world.event("a.happened")]);
    await world.run();
    expect((await world.deliveries(hook.id))[0]).toMatchObject({ status: "failed", error_code: "secret_unreadable" });
    expect(receiver.at("/copied")).toEqual([]);
  });

  it("an event older than the webhook is no concern of it", async () => {
    const world = new World();
    const event = await world.event("a.happened", addSeconds(world.now, -5));
    const hook = await world.webhook(`${receiver.url}/young`, ["*"]);
    await world.fanOut(event);
    expect(await world.deliveries(hook.id)).toEqual([]);
  });
});
