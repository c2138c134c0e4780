import { DeleteCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { entryKey } from "../../../../functions/audit/store.ts";
import { LEASE_SECONDS } from "../../../../functions/audit/streams/record.ts";
import { placeItem, streamItem } from "../../../../functions/audit/streams/store.ts";
import { wake } from "../../../../functions/audit/streams/wake.ts";
import { auditItem, outboxItem } from "../../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../../shared/clock.ts";
import { primaryKey } from "../../../../shared/dynamo/item.ts";
import { Table } from "../../../../shared/dynamo/table.ts";
import { Crash, faultyTable, type TableCommand } from "../../../support/faulty-table.ts";
import { ownTable } from "../../../support/own-table.ts";
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

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const later = (seconds: number) => {
  world.now = addSeconds(world.now, seconds);
};
const events = async () => {
  const all = [];
  for await (const { envelope } of world.own.all(outboxItem, { of: { day: timestamp(world.now).slice(0, 10) } }))
    all.push(envelope);
  return all;
};

describe("a stream that is active", () => {
  it("sends all that has a number, in order, a batch read at a time, and stands behind it", async () => {
    const entries = await world.log(120);
    const id = await world.stream();
    expect(await world.work(id)).toEqual(addSeconds(world.now, 3_600));
    expect(world.arrived).toEqual([range(0, 100), range(100, 120)]);
    const [first] = String(world.requests[0]?.body).split("\n");
    const { id: audit_id, action, resource } = entries.find(({ id: one }) => one === JSON.parse(first ?? "").id) ?? {};
    expect(JSON.parse(first ?? "")).toMatchObject({ id: audit_id, action, resource, sequence: 0 });
    const place = await world.place(id);
    expect(place).toMatchObject({ next: 120, delivered: 120, last_delivered_at: timestamp(world.now) });
    expect(place.lease_id).toBeUndefined();
    await world.work(id);
    expect(world.requests).toHaveLength(2);
    await world.log(1);
    await world.work(id);
    expect(world.arrived.at(-1)).toEqual([120]);
  });

  it("is worked at by one worker, however many are led to it at once", async () => {
    await world.log(30);
    const id = await world.stream();
    world.collector = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return answer(200);
    };
    await Promise.all(range(0, 6).map(() => world.work(id)));
    expect(world.arrived).toEqual([range(0, 30)]);
    expect(await world.place(id)).toMatchObject({ next: 30, delivered: 30 });
  });

  it("misses nothing that is numbered while it is worked at: whoever finds it taken may leave", async () => {
    await world.log(2);
    const id = await world.stream();
    let others: (Date | undefined)[] = [];
    world.collector = async () => {
      if (world.requests.length === 1) {
        await world.log(3);
        others = await Promise.all([world.work(id), world.work(id)]);
      }
      return answer(200);
    };
    await world.work(id);
    expect(others).toEqual([addSeconds(world.now, LEASE_SECONDS), addSeconds(world.now, LEASE_SECONDS)]);
    expect(world.arrived).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
  });

  it("leaves the rest to a message of its own when its time is over", async () => {
    await world.log(120);
    const id = await world.stream();
    let asked = 0;
    world.more = () => asked++ < 1;
    await world.work(id);
    expect(world.arrived).toEqual([range(0, 100)]);
    expect(world.hints).toEqual([{ tenant: world.tenant, stream_id: id }]);
    world.more = () => true;
    await world.work(id);
    expect(world.arrived.flat()).toEqual(range(0, 120));
  });

  it("counts what had come to its end before it was sent, and what is not there, and tells the operator of that", async () => {
    const [old] = await world.log(1);
    later(86_400 * 300);
    const young = await world.log(3);
    const lost = young[1];
    if (old === undefined || lost === undefined) throw new Error("no entries");
    const { pk, sk } = primaryKey(auditItem, world.tenant, entryKey(lost.id));
    await base.client.send(new DeleteCommand({ TableName: base.name, Key: { pk, sk } }));
    later(86_400 * 150);
    const id = await world.stream();
    await world.work(id);
    const [numbers = []] = world.arrived;
    expect(numbers).toHaveLength(2);
    expect(await world.place(id)).toMatchObject({ next: 4, delivered: 2, expired: 1, missing: 1 });
    expect(world.logged).toContainEqual(["audit_stream.missing", expect.any(String), expect.anything()]);
  });

  it("is hinted at when the log has grown, and no other is", async () => {
    const id = await world.stream();
    await world.stream({ status: "paused" });
    await wake(world.tenant, { table: world.table, hints: { send: async (all) => void world.hints.push(...all) } });
    expect(world.hints).toEqual([{ tenant: world.tenant, stream_id: id }]);
  });

  it("of an organization that is suspended waits, and loses nothing", async () => {
    const id = await world.stream();
    await world.log(2);
    await world.begin("suspended");
    expect(await world.work(id)).toEqual(addSeconds(world.now, 6 * 3_600));
    expect(world.requests).toEqual([]);
    await world.begin();
    await world.work(id);
    expect(world.arrived).toEqual([[0, 1]]);
  });
});

describe("a worker that dies", () => {
  const WRITES: readonly TableCommand[] = ["Update", "TransactWrite"];

  it.each(range(0, 6).flatMap((nth) => (["before", "after"] as const).map((when) => [nth, when] as const)))(
    "at its write %i, %s it took effect, has lost nothing: the next one goes on where the stream stands",
    async (nth, when) => {
      await world.log(120);
      const id = await world.stream();
      let writes = 0;
      const table = faultyTable(
        (command) => (WRITES.includes(command) && writes++ === nth ? when : undefined),
        world.table,
      );
      const died = await world.work(id, table).catch((error: unknown) => error);
      // The claim, two moves and letting go are four writes.
      expect(died instanceof Crash).toBe(nth < 4);
      later(LEASE_SECONDS + 1);
      await world.work(id);
      expect([...new Set(world.arrived.flat())]).toEqual(range(0, 120));
      expect(await world.place(id)).toMatchObject({ next: 120, delivered: 120 });
    },
  );

  it("while it sends leaves the stream to others once its lease is over, and not before", async () => {
    await world.log(3);
    const id = await world.stream();
    world.collector = () => Promise.reject(new Crash());
    await expect(world.work(id)).rejects.toThrow(Crash);
    world.collector = async () => answer(200);
    later(LEASE_SECONDS - 1);
    await world.work(id);
    expect(world.requests).toHaveLength(1);
    later(2);
    await world.work(id);
    expect(world.arrived).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  it("and comes back has nothing to say of a stream that has gone on without it", async () => {
    await world.log(3);
    const id = await world.stream();
    world.collector = async () => {
      if (world.requests.length > 1) return answer(200);
      later(LEASE_SECONDS + 1);
      await world.work(id);
      return answer(500);
    };
    await world.work(id);
    const place = await world.place(id);
    expect(place).toMatchObject({ next: 3, delivered: 3, consecutive_failures: 0 });
    expect(place.last_error).toBeUndefined();
  });
});

describe("a destination that fails", () => {
  it("is tried again when it is due and not before, and forgotten with the first entry that is taken", async () => {
    await world.log(2);
    const id = await world.stream();
    world.collector = async () => answer(503, "<html>busy</html>");
    await world.comesDue(id);
    const retry_at = timestamp(addSeconds(world.now, 30));
    expect(await world.place(id)).toMatchObject({
      next: 0,
      consecutive_failures: 1,
      failing_since: timestamp(world.now),
      retry_at,
      last_error: { code: "http_status_503", status: 503, answer: "<html>busy</html>" },
    });
    expect((await world.due(id))?.at).toBe(retry_at);
    later(29);
    expect(await world.work(id)).toEqual(new Date(retry_at));
    expect(world.requests).toHaveLength(1);
    later(1);
    world.collector = async () => answer(200);
    await world.comesDue(id);
    const place = await world.place(id);
    expect(place).toMatchObject({ next: 2, delivered: 2, consecutive_failures: 0 });
    expect([place.failing_since, place.retry_at]).toEqual([undefined, undefined]);
    expect((await world.due(id))?.at).toBe(timestamp(addSeconds(world.now, 3_600)));
  });

  it.each([
    [503, { status: "active", stopped_reason: null }],
    [410, { status: "stopped", stopped_reason: "gone" }],
  ])("with %i is left alone, also by a worker that looked at the stream before", async (status, left) => {
    await world.log(2);
    const id = await world.stream();
    world.collector = async () => answer(world.requests.length === 1 ? status : 200);
    let looked = false;
    const send = async (command: object) => {
      const read = await world.table.client.send(command as never);
      if (command.constructor.name !== "BatchGetCommand" || looked) return read;
      looked = true;
      await world.work(id);
      return read;
    };
    await world.work(id, new Table(world.table.name, { send } as never, world.table.clock));
    expect(world.requests).toHaveLength(1);
    expect(await world.place(id)).toMatchObject({ next: 0, delivered: 0, consecutive_failures: 1 });
    expect(await world.own.get(streamItem, { id })).toMatchObject(left);
  });

  it("in the middle of a log is where the stream stands", async () => {
    await world.log(120);
    const id = await world.stream();
    world.collector = async () => answer(world.requests.length === 1 ? 200 : 429, "", { "retry-after": "600" });
    await world.work(id);
    expect(await world.place(id)).toMatchObject({
      next: 100,
      delivered: 100,
      retry_at: timestamp(addSeconds(world.now, 600)),
    });
  });

  it("that takes less than others is sent halves", async () => {
    await world.log(7);
    const id = await world.stream();
    world.collector = async ({ body }) => answer(String(body).trimEnd().split("\n").length > 2 ? 413 : 200);
    await world.work(id);
    const taken = world.arrived.filter((numbers) => numbers.length <= 2).flat();
    expect(taken).toEqual(range(0, 7));
    expect(await world.place(id)).toMatchObject({ next: 7, delivered: 7 });
  });

  it("by refusing for an hour stops the stream, which keeps its place and tells of it, once", async () => {
    await world.log(3);
    const destination = {
      kind: "splunk_hec",
      url: "https://splunk.example.com/services/collector/event",
      index: "main",
      source: null,
      sourcetype: null,
    } as const;
    const id = await world.stream({ destination, credential: "a-token-of-splunk" });
    world.collector = async () => answer(403, '{"text":"Invalid token a-token-of-splunk","code":4}');
    const began = world.now;
    while ((await world.own.get(streamItem, { id }))?.status === "active") {
      await world.comesDue(id);
      const { retry_at } = await world.place(id);
      if (retry_at !== undefined) world.now = new Date(retry_at);
    }
    expect(world.now.getTime() - began.getTime()).toBeLessThan(76 * 60_000);
    expect(await world.own.get(streamItem, { id })).toMatchObject({
      status: "stopped",
      stopped_reason: "refused",
      stopped_at: timestamp(world.now),
    });
    expect(await world.place(id)).toMatchObject({
      next: 0,
      last_error: { code: "hec_4", status: 403, answer: '{"text":"Invalid token [redacted]","code":4}' },
    });
    expect(await world.due(id)).toBeUndefined();
    const told = (await events()).filter(({ type }) => type === "audit_stream.stopped");
    expect(told).toMatchObject([{ data: { stream_id: id, reason: "refused", next_sequence: 0, error_code: "hec_4" } }]);
    expect(world.requests[0]?.headers).toMatchObject({ authorization: "Splunk a-token-of-splunk" });
    const { length } = world.requests;
    expect(await world.work(id)).toBeUndefined();
    expect(world.requests).toHaveLength(length);
  });

  it("and is changed meanwhile says nothing of the stream as it is now", async () => {
    await world.log(3);
    const id = await world.stream();
    world.collector = async () => {
      const { writes } = world.own;
      const freed = { set: { consecutive_failures: 0 }, remove: ["lease_id", "lease_until"] } as const;
      if (world.requests.length === 1)
        await world.own.transact([
          writes.update(streamItem, { id }, { set: { status: "paused", etag: "f" } }),
          writes.update(placeItem, { stream_id: id }, freed),
        ]);
      return answer(200);
    };
    expect(await world.work(id)).toBeUndefined();
    expect(await world.place(id)).toMatchObject({ next: 0, delivered: 0 });
  });

  it("with secrets that cannot be opened fails without a request", async () => {
    await world.log(1);
    const id = await world.stream({ credential: "sealed" });
    const { SecretError } = await import("../../../../shared/secrets/index.ts");
    const deps = world.deps();
    const { deliver } = await import("../../../../functions/audit/streams/deliver.ts");
    const secrets = { ...deps.secrets, decrypt: () => Promise.reject(new SecretError("unreadable", "no")) };
    await deliver({ tenant: world.tenant, stream_id: id }, { ...deps, secrets });
    expect(world.requests).toEqual([]);
    expect(await world.place(id)).toMatchObject({
      last_error: { code: "secret_unreadable" },
      refused_since: timestamp(world.now),
    });
  });
});

describe("a bus", () => {
  const destination = {
    kind: "event_bus",
    arn: "arn:aws:events:eu-central-1:123456789012:event-bus/security",
  } as const;

  it("gets ten entries a call, and again only what it has not taken", async () => {
    await world.log(12);
    const id = await world.stream({ destination });
    let failing = [3, 5];
    world.bus = (numbers) => {
      const results = numbers.map((one) => (failing.includes(one) ? { ErrorCode: "InternalFailure" } : {}));
      failing = failing.slice(1);
      return results;
    };
    await world.work(id);
    expect(world.calls).toEqual([range(0, 10), [3, 5], [5], [10, 11]]);
    expect(await world.place(id)).toMatchObject({ next: 12, delivered: 12 });
  });

  it("that does not take an entry however often is where the stream stands", async () => {
    await world.log(12);
    const id = await world.stream({ destination });
    world.bus = (numbers) => numbers.map((one) => (one === 4 ? { ErrorCode: "ThrottlingException" } : {}));
    await world.work(id);
    expect(world.calls).toEqual([range(0, 10), [4], [4]]);
    expect(await world.place(id)).toMatchObject({
      next: 4,
      delivered: 4,
      consecutive_failures: 1,
      last_error: { code: "bus_ThrottlingException", status: null, answer: null },
    });
  });

  it("that refuses us is not asked again at once", async () => {
    await world.log(2);
    const id = await world.stream({ destination });
    world.bus = () => {
      throw Object.assign(new Error("User: arn:aws:sts::1:… is not authorized"), { name: "AccessDeniedException" });
    };
    await world.work(id);
    expect(world.calls).toHaveLength(1);
    const place = await world.place(id);
    expect(place).toMatchObject({ next: 0, refused_since: timestamp(world.now) });
    expect(place.last_error?.message).toContain("events:PutEvents");
    expect(JSON.stringify(place)).not.toContain("arn:aws:sts");
  });
});
