import { describe, expect, it } from "vitest";
import { type DueQueues, MOST_MESSAGES } from "../../../functions/due/sweep/queues.ts";
import { PARALLEL, ROUND, type SweepDeps, sweep } from "../../../functions/due/sweep/sweep.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { defineDue } from "../../../shared/due/due.ts";
import type { Due } from "../../../shared/due/item.ts";
import { type DueWork, dueWorker } from "../../../shared/due/work.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Log } from "../../../shared/observability/log.ts";
import { dueOf } from "../../support/due.ts";
import { ownTable } from "../../support/own-table.ts";

const a = defineDue("test_a");
const b = defineDue("test_b");
const orphan = defineDue("test_orphan");

/** A table of its own with a clock and queues that the test moves. */
class World {
  readonly table: Table;
  now = new Date("2026-03-01T10:00:00.000Z");
  /** All that queues took, in order. */
  readonly sent: Due[] = [];
  readonly logged: string[] = [];
  /** Runs before a queue takes a batch. */
  before: (queue: string, messages: readonly Due[]) => Promise<ReadonlySet<number> | undefined> = async () => undefined;

  constructor(table: Table) {
    this.table = table;
  }

  static make = async (): Promise<World> => new World(await ownTable());

  get deps(): SweepDeps {
    const queues: DueQueues = {
      of: (kind) => ({ test_a: "queue_a", test_b: "queue_b" })[kind],
      send: async (queue, messages) => {
        const refused = (await this.before(queue, messages)) ?? new Set<number>();
        this.sent.push(...messages.filter((_, i) => !refused.has(i)));
        return refused;
      },
    };
    const log: Log = { info() {}, error: (event) => this.logged.push(event) };
    return { table: this.table, clock: { now: () => this.now }, queues, log, budget_ms: 60_000 };
  }

  in = (seconds: number): Date => addSeconds(this.now, seconds);
  sweep = () => sweep(this.deps);

  async set(tenant: string, ref: string, at: Date, kind = a): Promise<void> {
    await this.table.transact([kind.set(this.table.of(tenant), ref, at)]);
  }

  take = (): Due[] => this.sent.splice(0);
  refs = (): string[] => this.take().map(({ ref }) => ref);

  /** Works a message off as a room's function does. */
  work = (due: Due, work: DueWork) => dueWorker(this.table, { test_a: work, test_b: work })(due);
}

const done: DueWork = async () => undefined;

describe("what is due", () => {
  it("is there exactly when the change that wants it is, and goes with the change that ends it", async () => {
    const world = await World.make();
    const tenant = world.table.of("t1");
    const refused = tenant.writes.remove(
      (await import("../../../shared/identity/items.ts")).organizationItem,
      {},
      { exists: true },
    );
    await expect(world.table.transact([a.set(tenant, "x", world.in(60)), refused])).rejects.toMatchObject({
      code: "not_found",
    });
    expect(await dueOf("t1", world.table)).toEqual([]);
    await world.set("t1", "x", world.in(60));
    await expect(world.table.transact([a.clear(tenant, "x"), refused])).rejects.toMatchObject({ code: "not_found" });
    expect(await dueOf("t1", world.table)).toHaveLength(1);
    await world.table.transact([a.clear(tenant, "x")]);
    world.now = world.in(61);
    expect(await world.sweep()).toEqual({ sent: 0, failed: 0 });
  });

  it("is sent at its time and not a millisecond before, once while nobody has worked it off", async () => {
    const world = await World.make();
    await world.set("t1", "x", world.in(60));
    world.now = new Date(world.in(60).getTime() - 1);
    await world.sweep();
    expect(world.refs()).toEqual([]);
    world.now = new Date(world.now.getTime() + 1);
    expect(await world.sweep()).toEqual({ sent: 1, failed: 0 });
    expect(world.take()).toEqual([{ tenant: "t1", kind: "test_a", ref: "x", at: timestamp(world.now) }]);
    for (const minutes of [1, 2, 3]) {
      world.now = world.in(60 * minutes);
      await world.sweep();
    }
    expect(world.refs()).toEqual([]);
  });

  it("is due once per kind: set again it has moved, and a message of before is of no account", async () => {
    const world = await World.make();
    await world.set("t1", "x", world.now);
    await world.set("t1", "x", world.now, b);
    await world.sweep();
    const messages = world.take();
    expect(messages.map(({ kind }) => kind).sort()).toEqual(["test_a", "test_b"]);
    const [first] = messages.filter(({ kind }) => kind === "test_a");
    if (first === undefined) throw new Error("nothing was sent");
    await world.set("t1", "x", world.in(3_600));
    let worked = 0;
    await world.work(first, async () => {
      worked++;
      return undefined;
    });
    expect(worked).toBe(0);
    expect((await dueOf("t1", world.table)).map(({ kind, at }) => [kind, at])).toEqual([
      ["test_b", timestamp(world.now)],
      ["test_a", timestamp(world.in(3_600))],
    ]);
  });

  it("after hours of an outage is all sent, whatever minute it was of", async () => {
    const world = await World.make();
    const refs = Array.from({ length: 90 }, (_, i) => `x${i}`);
    await Promise.all(refs.map((ref, i) => world.set(`t${i % 7}`, ref, world.in(i * 240))));
    world.now = world.in(7 * 3_600);
    expect(await world.sweep()).toEqual({ sent: 90, failed: 0 });
    expect(world.refs().sort()).toEqual([...refs].sort());
  });

  it("set for a time that has passed is sent with the next sweep", async () => {
    const world = await World.make();
    await world.sweep();
    await world.set("t1", "late", world.in(-86_400));
    await world.sweep();
    expect(world.refs()).toEqual(["late"]);
  });
});

describe("work that is due", () => {
  const sentOnce = async () => {
    const world = await World.make();
    await world.set("t1", "x", world.now);
    await world.sweep();
    const [due] = world.take();
    if (due === undefined) throw new Error("nothing was sent");
    return { world, due };
  };

  it("stays until it is done: a function that dies before, or after the work, has it sent again", async () => {
    const { world, due } = await sentOnce();
    await expect(world.work(due, () => Promise.reject(new Error("died")))).rejects.toThrow("died");
    world.now = world.in(1_800);
    await world.sweep();
    expect(world.take()).toEqual([due]);
    await world.work(due, done);
    expect(await dueOf("t1", world.table)).toEqual([]);
    world.now = world.in(86_400);
    await world.sweep();
    expect(world.refs()).toEqual([]);
  });

  it("told twice is done once where the first has done it, and harms nothing where both are at it", async () => {
    const { world, due } = await sentOnce();
    let worked = 0;
    const count: DueWork = async () => {
      worked++;
      return undefined;
    };
    await world.work(due, count);
    await world.work(due, count);
    expect(worked).toBe(1);
    await world.set("t1", "x", world.now);
    await Promise.all([world.work(due, count), world.work(due, count), world.work(due, count)]);
    expect(await dueOf("t1", world.table)).toEqual([]);
  });

  it("that sets itself another time keeps it, and one that says when to look again is sent then", async () => {
    const { world, due } = await sentOnce();
    const later = world.in(600);
    await world.work(due, async () => {
      await world.set("t1", "x", later);
      return undefined;
    });
    expect((await dueOf("t1", world.table)).map(({ at }) => at)).toEqual([timestamp(later)]);
    world.now = later;
    await world.sweep();
    const [again] = world.take();
    if (again === undefined) throw new Error("nothing was sent");
    await world.work(again, async () => world.in(900));
    expect(await world.sweep()).toEqual({ sent: 0, failed: 0 });
    world.now = world.in(900);
    expect(await world.sweep()).toEqual({ sent: 1, failed: 0 });
  });

  it("of a kind that the function does not know fails loudly", async () => {
    const { world, due } = await sentOnce();
    await expect(world.work({ ...due, kind: "constructor" }, done)).rejects.toThrow("constructor");
  });
});

describe("a sweep that is disturbed", () => {
  it("and dies between sending and looking away sends again; two at once lose nothing", async () => {
    const world = await World.make();
    const refs = Array.from({ length: 40 }, (_, i) => `x${i}`);
    await Promise.all(refs.map((ref) => world.set("t1", ref, world.now)));
    const { table } = world;
    const dying = new Proxy(table.client, {
      get: (target, name) =>
        name === "send"
          ? (command: object) =>
              command.constructor.name === "UpdateCommand"
                ? Promise.reject(new Error("died"))
                : target.send(command as never)
          : Reflect.get(target, name),
    });
    const { Table: Engine } = await import("../../../shared/dynamo/table.ts");
    await sweep({ ...world.deps, table: new Engine(table.name, dying) });
    expect(world.refs().sort()).toEqual([...refs].sort());
    await Promise.all([world.sweep(), world.sweep()]);
    expect([...new Set(world.refs())].sort()).toEqual([...refs].sort());
    await world.sweep();
    expect(world.refs()).toEqual([]);
  });

  it("by a queue that fails, refuses some, or does not exist sends all the rest, says so, and sends those next time", async () => {
    const world = await World.make();
    await Promise.all([
      ...Array.from({ length: 12 }, (_, i) => world.set("t1", `a${i}`, world.now)),
      ...Array.from({ length: 12 }, (_, i) => world.set("t2", `b${i}`, world.now, b)),
      world.set("t3", "nobody", world.now, orphan),
    ]);
    world.before = async (queue, messages) => {
      if (queue === "queue_a") throw new Error("no such queue");
      return new Set(messages.flatMap(({ ref }, i) => (ref === "b3" ? [i] : [])));
    };
    expect(await world.sweep()).toEqual({ sent: 11, failed: 14 });
    expect(world.refs()).toHaveLength(11);
    expect(new Set(world.logged)).toEqual(new Set(["due.not_sent"]));
    world.before = async () => undefined;
    expect(await world.sweep()).toEqual({ sent: 13, failed: 0 });
    expect(world.refs().filter((ref) => ref === "b3" || ref.startsWith("a"))).toHaveLength(13);
  });

  it("by its time running out goes on where it was, with the next call", async () => {
    const world = await World.make();
    await Promise.all(Array.from({ length: 30 }, (_, i) => world.set("t1", `x${i}`, world.now)));
    expect(await sweep({ ...world.deps, budget_ms: 0 })).toEqual({ sent: 0, failed: 0 });
    expect(await world.sweep()).toEqual({ sent: 30, failed: 0 });
  });
});

it("10,000 of one tenant keep no other waiting: who is due then goes first, who becomes due meanwhile in the next round", async () => {
  const world = await World.make();
  for (let i = 0; i < 10_000; i += 1_000) {
    const writes = Array.from({ length: 1_000 }, (_, n) =>
      a.set(world.table.of("crowd"), `c${i + n}`, world.in(-3_600)),
    );
    await Promise.all(Array.from({ length: 10 }, (_, n) => world.table.transact(writes.slice(n * 100, n * 100 + 100))));
  }
  await world.set("quiet", "q1", world.now);
  let late: Promise<void> | undefined;
  const order: string[] = [];
  // What is refused is not written again, which keeps this short on a slow machine: the turns are the same.
  world.before = async (_, messages) => {
    late ??= world.set("quiet", "q2", world.now);
    await late;
    order.push(...messages.map(({ ref }) => ref));
    return new Set(messages.flatMap(({ tenant }, i) => (tenant === "crowd" ? [i] : [])));
  };
  expect(await world.sweep()).toEqual({ sent: 2, failed: 10_000 });
  expect(new Set(order).size).toBe(10_002);
  // Some batches go out at a time; the first of them has one of each tenant.
  const together = PARALLEL * MOST_MESSAGES;
  expect(order.indexOf("q1")).toBeLessThan(together);
  expect(order.indexOf("q2")).toBeLessThan(ROUND + together);
});
