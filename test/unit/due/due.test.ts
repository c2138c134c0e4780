import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadDeclaring } from "../../../docs/render/declared.ts";
import { connectQueues } from "../../../functions/due/sweep/queues.ts";
import { patienceSeconds, Shares } from "../../../functions/due/sweep/rules/shares.ts";
import { rooms } from "../../../functions/rooms.ts";
import { declaredDue, defineDue } from "../../../shared/due/due.ts";
import { shardOf, shards } from "../../../shared/due/item.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";

await loadDeclaring("= defineDue(");

const table = new Table("t", {} as never);
const at = new Date("2026-03-01T10:00:00.000Z");

describe("a due item", () => {
  const kind = defineDue("test_unit");

  it("has a key that begins with the platform and its tenant, and is found by its time in one of 16 partitions", () => {
    const { Put } = kind.set(table.of("org_1"), "thing_1/part#2", at).item;
    expect(Put?.Item).toMatchObject({
      pk: `T#${PLATFORM}#DUE#org_1#test_unit#thing_1/part%232`,
      sk: "DUE",
      gsi1sk: "2026-03-01T10:00:00.000Z#org_1#test_unit#thing_1/part%232",
      at: "2026-03-01T10:00:00.000Z",
      sends: 0,
    });
    expect(Put?.Item?.gsi1pk).toMatch(new RegExp(`^T#${PLATFORM}#DUE#(0\\d|1[0-5])$`));
    expect(shards).toHaveLength(16);
  });

  it("is taken away by what it is about alone, whatever its time, also where there is none", () => {
    const { Put } = kind.set(table.of("org_1"), "x", at).item;
    const { Delete } = kind.clear(table.of("org_1"), "x").item;
    expect(Delete?.Key).toEqual({ pk: Put?.Item?.pk, sk: "DUE" });
    expect(Delete?.ConditionExpression).toBeUndefined();
  });

  it("of one tenant is spread over all partitions evenly: 8,000 of them differ from 500 each by no more than chance does", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 8_000; i++) {
      const shard = shardOf({ tenant: "org_1", kind: "run_watch", ref: `run_${i}` });
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(shards);
    // Four standard deviations of a fair draw.
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(4 * Math.sqrt(500));
  });

  it("two modules cannot declare the same kind", () => {
    expect(() => defineDue("test_unit")).toThrow("test_unit");
  });
});

describe("kinds of due things", () => {
  const consumed = rooms.flatMap((room) =>
    Object.entries(room.functions).flatMap(([name, { trigger }]) =>
      trigger.kind === "due" ? trigger.kinds.map((kind) => ({ kind, by: `${room.name}/${name}` })) : [],
    ),
  );

  it("are each done by one function, and none is named that nobody sets", () => {
    const declared = declaredDue()
      .map(({ kind }) => kind)
      .filter((kind) => !kind.startsWith("test_"));
    expect(consumed.map(({ kind }) => kind).sort()).toEqual([...declared].sort());
    expect(declared.length).toBeGreaterThanOrEqual(3);
  });

  it("are the only thing that happens by the clock: there is one function with a rate", () => {
    const timed = rooms.flatMap((room) =>
      Object.entries(room.functions).flatMap(([name, { trigger }]) =>
        trigger.kind === "rate" ? [`${room.name}/${name} ${trigger.minutes}`] : [],
      ),
    );
    expect(timed).toEqual(["due/sweep 1"]);
  });
});

describe("the turns of a round", () => {
  const offers = fc.array(fc.record({ tenant: fc.constantFrom("a", "b", "c", "d"), n: fc.nat() }), { maxLength: 300 });

  it("nobody has a second turn before everybody has had a first, and nobody has more than the share", () => {
    fc.assert(
      fc.property(offers, fc.integer({ min: 1, max: 40 }), (all, share) => {
        const shares = new Shares<(typeof all)[number]>(share);
        for (const one of all) shares.offer(one);
        const turns = shares.inTurn();
        const had = new Map<string, number>();
        for (const { tenant } of turns) {
          const mine = had.get(tenant) ?? 0;
          for (const other of new Set(all.map((one) => one.tenant))) {
            const theirs = Math.min(share, all.filter((one) => one.tenant === other).length);
            expect(had.get(other) ?? 0).toBeGreaterThanOrEqual(Math.min(mine, theirs));
          }
          had.set(tenant, mine + 1);
        }
        for (const tenant of new Set(all.map((one) => one.tenant)))
          expect(had.get(tenant)).toBe(Math.min(share, all.filter((one) => one.tenant === tenant).length));
      }),
    );
  });

  it("each tenant's own come in the order in which they were found", () => {
    fc.assert(
      fc.property(offers, (all) => {
        const shares = new Shares<(typeof all)[number]>(1_000);
        for (const one of all) shares.offer(one);
        const turns = shares.inTurn();
        expect(turns).toHaveLength(all.length);
        for (const tenant of ["a", "b", "c", "d"])
          expect(turns.filter((one) => one.tenant === tenant)).toEqual(all.filter((one) => one.tenant === tenant));
      }),
    );
  });
});

it("what stays due is sent again after half an hour, then twice as late each time, and once a day in the end", () => {
  expect([0, 1, 2, 5, 6, 50].map(patienceSeconds)).toEqual([1_800, 3_600, 7_200, 57_600, 86_400, 86_400]);
});

it("messages are sent in the name of their tenant, so that the queue hands them out fairly, and refused ones are told", async () => {
  const calls: unknown[] = [];
  const client = {
    send: async ({ input }: { input: unknown }) => {
      calls.push(input);
      return { Failed: [{ Id: "1" }] };
    },
  };
  const queues = connectQueues(client as never, { a: "https://queue" });
  const message = { tenant: "org_1", kind: "a", ref: "x", at: at.toISOString() };
  expect(await queues.send("https://queue", [message, { ...message, tenant: "org_2" }])).toEqual(new Set([1]));
  expect(calls).toEqual([
    {
      QueueUrl: "https://queue",
      Entries: [
        { Id: "0", MessageBody: JSON.stringify(message), MessageGroupId: "org_1" },
        { Id: "1", MessageBody: JSON.stringify({ ...message, tenant: "org_2" }), MessageGroupId: "org_2" },
      ],
    },
  ]);
  expect([queues.of("a"), queues.of("constructor")]).toEqual(["https://queue", undefined]);
});
