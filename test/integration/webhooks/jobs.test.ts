import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDelivery, start } from "../../../functions/webhooks/deliveries/delivery.ts";
import type { Webhook } from "../../../functions/webhooks/model.ts";
import type { JobMessage } from "../../../functions/webhooks/replays/continue.ts";
import { work } from "../../../functions/webhooks/replays/jobs.ts";
import { type Replay, replayItem, webhookItem } from "../../../functions/webhooks/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { places } from "../../support/thorough.ts";
import { KillSwitch, TestQueue, World } from "./world.ts";

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

const hours = (n: number) => n * 3_600;

/** 130 events over two days, 110 of them of a type that the webhook has. */
async function history(world: World): Promise<string[]> {
  const ids: string[] = [];
  const make = async (i: number) => {
    const type = i % 13 < 11 ? "a.happened" : "b.happened";
    const event = await world.event(type, addSeconds(world.now, -hours(24) + i * 600));
    if (type === "a.happened") ids.push(event.id);
  };
  for (let i = 0; i < 130; i += 26) await Promise.all(Array.from({ length: 26 }, (_, n) => make(i + n)));
  return ids.sort();
}

const replayOf = (world: World, webhook: Webhook, since: Date): Replay => ({
  id: newId("webhook_replay", world.now),
  webhook_id: webhook.id,
  since: timestamp(since),
  until: timestamp(world.now),
  status: "queued",
  events_read: 0,
  deliveries_created: 0,
  created_at: timestamp(world.now),
  updated_at: timestamp(world.now),
  completed_at: null,
  day: timestamp(since).slice(0, 10),
  cursor: null,
  pages: 0,
  expires_at: timestamp(addSeconds(world.now, hours(24))),
});

async function workOff(world: World, jobs: TestQueue<JobMessage>, budget_ms: number): Promise<void> {
  const handle = (message: JobMessage) => work(message, { ...world.deps, jobs, budget_ms });
  for (let rounds = 0; rounds < 100; rounds++) if (!(await jobs.work(handle))) return;
  throw new Error("the job never ends");
}

describe("a replay of a time range", () => {
  it("makes one delivery for each event that the webhook has, killed wherever it may be", async () => {
    const world = new World();
    const expected = await history(world);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 250 }),
        fc.constantFrom("before", "after"),
        fc.constantFrom(0, 60_000),
        async (at, when, budget_ms) => {
          const webhook = await world.webhook(`${receiver.url}/replay`, ["a.happened"]);
          const replay = replayOf(world, webhook, addSeconds(world.now, -hours(25)));
          await world.tenant.transact([world.tenant.writes.create(replayItem, replay)]);
          const jobs = new TestQueue<JobMessage>(world);
          await jobs.send([
            { kind: "replay", tenant: world.organization_id, webhook_id: webhook.id, replay_id: replay.id },
          ]);
          world.attempts.messages.splice(0);
          const started = world.now;
          world.kill = new KillSwitch(at, when);
          await workOff(world, jobs, budget_ms);
          world.kill = new KillSwitch();
          world.now = started;
          const made = await world.deliveries(webhook.id);
          expect(made.map(({ event_id }) => event_id).sort()).toEqual(expected);
          expect(made.every((one) => one.replay_id === replay.id)).toBe(true);
          expect(new Set(world.attempts.messages.map(({ body }) => body.delivery_id)).size).toBe(made.length);
          expect(await world.tenant.get(replayItem, { webhook_id: webhook.id, id: replay.id })).toMatchObject({
            status: "completed",
            events_read: 130,
            deliveries_created: expected.length,
          });
        },
      ),
      { numRuns: 12, seed: 7, endOnFailure: true },
    );
  });

  it("takes only what lies in the range, both ends included", async () => {
    const world = new World();
    const webhook = await world.webhook(`${receiver.url}/range`, ["a.happened"]);
    const at = (minutes: number) => addSeconds(world.now, -minutes * 60);
    const events = [];
    for (const minutes of [30, 20, 10, 5]) events.push(await world.event("a.happened", at(minutes)));
    const replay = { ...replayOf(world, webhook, at(20)), until: timestamp(at(10)) };
    await world.tenant.transact([world.tenant.writes.create(replayItem, replay)]);
    const jobs = new TestQueue<JobMessage>(world);
    await jobs.send([{ kind: "replay", tenant: world.organization_id, webhook_id: webhook.id, replay_id: replay.id }]);
    await workOff(world, jobs, 60_000);
    const made = (await world.deliveries(webhook.id)).map(({ event_id }) => event_id).sort();
    expect(made).toEqual([events[1]?.id, events[2]?.id].sort());
  });

  it("ends as cancelled when the webhook is paused meanwhile", async () => {
    const world = new World();
    const webhook = await world.webhook(`${receiver.url}/cancelled`, ["a.happened"]);
    await world.event("a.happened", addSeconds(world.now, -60));
    const replay = replayOf(world, webhook, addSeconds(world.now, -600));
    const { writes } = world.tenant;
    await world.tenant.transact([
      writes.create(replayItem, replay),
      writes.update(webhookItem, { id: webhook.id }, { set: { status: "paused", etag: newEtag(world.now) } }),
    ]);
    const jobs = new TestQueue<JobMessage>(world);
    await jobs.send([{ kind: "replay", tenant: world.organization_id, webhook_id: webhook.id, replay_id: replay.id }]);
    await workOff(world, jobs, 60_000);
    expect(await world.tenant.get(replayItem, { webhook_id: webhook.id, id: replay.id })).toMatchObject({
      status: "cancelled",
    });
    expect(await world.deliveries(webhook.id)).toEqual([]);
  });
});

describe("what a deleted webhook leaves", () => {
  it.each(["before", "after"] as const)("is removed entirely, killed %s each of its steps", async (when) => {
    const leftBy = async (kill: KillSwitch) => {
      const world = new World();
      const webhook = await world.webhook(`${receiver.url}/leftover`, ["a.happened"]);
      const event = await world.event("a.happened");
      const deliveries = Array.from({ length: 12 }, (_, i) =>
        newDelivery({ kept_days: 30, webhook_id: webhook.id, event, at: addSeconds(world.now, -i) }),
      );
      await start(world.tenant, deliveries, world.attempts);
      await world.attempts.work(world.attempt);
      await world.tenant.transact([
        world.tenant.writes.create(replayItem, replayOf(world, webhook, world.now)),
        world.tenant.writes.remove(webhookItem, { id: webhook.id }),
      ]);
      const jobs = new TestQueue<JobMessage>(world);
      await jobs.send([{ kind: "cleanup", tenant: world.organization_id, webhook_id: webhook.id }]);
      world.kill = kill;
      await workOff(world, jobs, 0);
      world.kill = new KillSwitch();
      expect(await world.deliveries(webhook.id)).toEqual([]);
      for (const { id } of deliveries) expect(await world.attemptsOf(id)).toEqual([]);
      expect((await world.tenant.page(replayItem, { of: { webhook_id: webhook.id }, limit: 10 })).items).toEqual([]);
    };
    const uninterrupted = new KillSwitch();
    await leftBy(uninterrupted);
    for (const at of places(uninterrupted.steps, 5)) await leftBy(new KillSwitch(at, when));
  });
});
