import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { check } from "../../../functions/gateways/checks/check.ts";
import { record } from "../../../functions/gateways/checks/record.ts";
import { checkDue, checkItem, gatewayItem, keyDue, standingItem } from "../../../functions/gateways/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { OutboundError, type OutboundRequest } from "../../../shared/outbound/index.ts";
import { SecretError } from "../../../shared/secrets/index.ts";
import { ownTable } from "../../support/own-table.ts";
import { answer, World } from "./world.ts";

let base: Table;
let world: World;
beforeAll(async () => {
  base = await ownTable();
});
beforeEach(async () => {
  world = new World(base);
  await world.begin();
});

const bearers = () => world.requests.map(({ headers }) => headers?.authorization);
const times = async (id: string, count: number) => {
  for (let i = 0; i < count; i++) {
    await world.look(id);
    // What is told is in the order of its time.
    world.now = new Date(world.now.getTime() + 1);
  }
};

describe("a check that comes by itself", () => {
  it("asks with the key, keeps what came of it, and comes again with the next look of the sweeper", async () => {
    const id = await world.make();
    expect(await world.look(id)).toEqual(addSeconds(world.now, 40));
    expect(world.requests).toEqual([
      {
        method: "GET",
        url: "https://agents.example.com/base/health",
        headers: { authorization: "Bearer key-1", accept: "application/json, */*;q=0.5" },
        timeout_ms: 10_000,
        max_bytes: 65_536,
        truncate: true,
      },
    ]);
    const found = { at: timestamp(world.now), result: "healthy", status: 200, response_time_ms: 0, key: "current" };
    expect(await world.checks(id)).toEqual([{ ...found, error: null, gateway_id: id, sequence: 1 }]);
    expect((await world.seen(id)).standing).toMatchObject({ sequence: 1, health: "unknown", recent: ["healthy"] });
    expect(await world.events()).toEqual([]);
  });

  it("tells of a change once, with its entry in the trail, and says it where lists look", async () => {
    const id = await world.make();
    await times(id, 5);
    const { gateway, standing } = await world.seen(id);
    expect([gateway.health, standing.health, standing.sequence]).toEqual(["healthy", "healthy", 5]);
    expect(gateway.etag).not.toBe("e");
    const data = { gateway_id: id, name: "Gateway", environment: "production" };
    expect(await world.events()).toMatchObject([
      {
        type: "gateway.health_changed",
        actor: { type: "system", id: "gateway_check" },
        data: { ...data, health: "healthy", before: "unknown", error_code: null },
      },
    ]);
    expect(await world.audited()).toMatchObject([
      { action: "gateway.health_changed", changes: [{ field: "health", old: "unknown", new: "healthy" }] },
    ]);
    const seen = { index: "gsi4", of: { health: "healthy" }, limit: 10 } as const;
    expect((await world.own.page(gatewayItem, seen)).items.map((one) => one.id)).toEqual([id]);
    world.gateway = async () => ({ ok: false, error: new OutboundError("timeout").failure });
    await times(id, 2);
    expect((await world.seen(id)).gateway.health).toBe("healthy");
    await times(id, 1);
    expect((await world.seen(id)).gateway.health).toBe("unhealthy");
    expect((await world.events()).map(({ data: { health, error_code } }) => [health, error_code])).toEqual([
      ["healthy", null],
      ["unhealthy", "timeout"],
    ]);
    expect((await world.own.page(gatewayItem, seen)).items).toEqual([]);
  });

  it("keeps the last 500 and no other", async () => {
    const id = await world.make({}, 500);
    const old = {
      at: timestamp(world.now),
      result: "healthy",
      status: 200,
      response_time_ms: 1,
      key: "current",
    } as const;
    for (let from = 1; from <= 500; from += 100)
      await world.own.transact(
        Array.from({ length: 100 }, (_, i) =>
          world.own.writes.create(checkItem, { ...old, error: null, gateway_id: id, sequence: from + i }),
        ),
      );
    await times(id, 3);
    const kept = (await world.checks(id)).map(({ sequence }) => sequence);
    expect(kept).toEqual(Array.from({ length: 500 }, (_, i) => i + 4));
  });

  it("made several times at once has a number each, and none is lost", async () => {
    const id = await world.make();
    await Promise.all(Array.from({ length: 4 }, () => world.look(id)));
    expect((await world.checks(id)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    const { standing } = await world.seen(id);
    expect([standing.sequence, standing.health]).toEqual([4, "healthy"]);
    expect(await world.events()).toHaveLength(1);
  });

  it("comes to nothing where the gateway is led elsewhere meanwhile", async () => {
    const id = await world.make();
    const { writes } = world.own;
    world.gateway = async () => {
      await world.own.transact([
        writes.update(gatewayItem, { id }, { set: { epoch: "f", etag: "f", api_url: "https://other.example.com" } }),
        writes.update(standingItem, { gateway_id: id }, { set: { epoch: "f" } }),
      ]);
      return answer(500);
    };
    await world.look(id);
    expect(await world.checks(id)).toEqual([]);
    expect((await world.seen(id)).standing).toMatchObject({ sequence: 0, recent: [] });
  });

  it("meets a change by a person, and neither undoes what the other did", async () => {
    const id = await world.make();
    await times(id, 2);
    const { writes } = world.own;
    let renames = 0;
    world.gateway = async () => {
      const { gateway } = await world.seen(id);
      const next = { ...gateway, name: `Renamed ${++renames}`, etag: `p${renames}` };
      await world.own.transact([writes.replace(gatewayItem, next, gateway.etag)]);
      return answer(200);
    };
    await times(id, 1);
    expect((await world.seen(id)).gateway).toMatchObject({ name: "Renamed 1", health: "healthy" });
  });

  it("is not made of an inactive gateway, nor again", async () => {
    const id = await world.make({ admin_state: "inactive" });
    await world.comesDue(id);
    expect(world.requests).toEqual([]);
    expect((await world.due(id)).map(({ kind }) => kind)).toEqual([keyDue.kind]);
  });

  it("waits while its organization is suspended", async () => {
    const id = await world.make();
    await world.begin("suspended");
    expect(await world.look(id)).toEqual(addSeconds(world.now, 600));
    expect(world.requests).toEqual([]);
  });

  it("of a gateway that is gone clears away what its checks have left", async () => {
    const id = await world.make();
    await times(id, 3);
    const { writes } = world.own;
    await world.own.transact([
      writes.remove(gatewayItem, { id }),
      writes.remove(standingItem, { gateway_id: id }),
      checkDue.set(world.own, id, world.now),
    ]);
    await world.comesDue(id);
    expect(await world.checks(id)).toEqual([]);
    expect((await world.due(id)).map(({ kind }) => kind)).toEqual([keyDue.kind]);
  });
});

describe("a check of an inactive gateway that somebody asks for", () => {
  it("is kept, and makes it neither active nor healthy", async () => {
    const id = await world.make({ admin_state: "inactive" });
    for (let i = 0; i < 4; i++) {
      const seen = await world.seen(id);
      const { writes, events } = record(world.own, seen, await check(seen.gateway, world.deps), world.now);
      expect(events).toEqual([]);
      await world.own.transact(writes);
    }
    const { gateway, standing } = await world.seen(id);
    expect([gateway.admin_state, gateway.health, gateway.etag]).toEqual(["inactive", "unknown", "e"]);
    expect(standing).toMatchObject({ health: "unknown", recent: [], sequence: 4, last_check: { result: "healthy" } });
    expect(await world.checks(id)).toHaveLength(4);
  });
});

describe("the key before", () => {
  const set_at = "2026-01-01T00:00:00.000Z";
  const keys = (until: Date) => [
    { sealed: "key-2", set_at, expires_at: null },
    { sealed: "key-1", set_at, expires_at: timestamp(until) },
  ];
  const knows =
    (...accepted: string[]) =>
    async ({ headers }: OutboundRequest) =>
      accepted.includes(headers?.authorization ?? "") ? answer(200) : answer(401);

  it("is tried where the new one is refused, and the result says so", async () => {
    const id = await world.make({ keys: keys(addSeconds(world.now, 60)) });
    world.gateway = knows("Bearer key-1");
    await world.look(id);
    expect(bearers()).toEqual(["Bearer key-2", "Bearer key-1"]);
    expect((await world.checks(id))[0]).toMatchObject({ result: "healthy", key: "previous", status: 200 });
  });

  it("is not tried where the new one is accepted, nor for another failure", async () => {
    const id = await world.make({ keys: keys(addSeconds(world.now, 60)) });
    world.gateway = knows("Bearer key-2");
    await world.look(id);
    world.gateway = async () => answer(500);
    await world.look(id);
    expect(bearers()).toEqual(["Bearer key-2", "Bearer key-2"]);
  });

  it("that is refused as well leaves it at the new one's refusal", async () => {
    const id = await world.make({ keys: keys(addSeconds(world.now, 60)) });
    world.gateway = async () => answer(403);
    await world.look(id);
    expect(bearers()).toEqual(["Bearer key-2", "Bearer key-1"]);
    expect((await world.checks(id))[0]).toMatchObject({
      result: "unhealthy",
      key: "current",
      error: { code: "key_refused" },
    });
  });

  it("is not tried after its overlap, and forgotten when that is due, not before", async () => {
    const until = addSeconds(world.now, 60);
    const id = await world.make({ keys: keys(until) });
    await world.forget(id);
    expect((await world.seen(id)).gateway.keys).toEqual(keys(until));
    world.now = until;
    world.gateway = async () => answer(401);
    await world.look(id);
    expect(bearers()).toEqual(["Bearer key-2"]);
    await world.forget(id);
    expect((await world.seen(id)).gateway.keys).toEqual([{ sealed: "key-2", set_at, expires_at: null }]);
    await world.forget(id);
    expect((await world.seen(id)).gateway.keys).toHaveLength(1);
  });
});

it("a key that can never be opened is sent nowhere, and said; a key service that is away is no result", async () => {
  const id = await world.make();
  world.decrypt = async () => {
    throw new SecretError("unreadable", "another key");
  };
  await world.look(id);
  expect(world.requests).toEqual([]);
  expect(await world.checks(id)).toMatchObject([{ result: "unhealthy", key: null, error: { code: "key_unreadable" } }]);
  world.decrypt = async () => {
    throw new SecretError("unavailable", "away");
  };
  await expect(world.look(id)).rejects.toThrow();
  expect(await world.checks(id)).toHaveLength(1);
});
