import { DeleteCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, describe, expect, it } from "vitest";
import { provable } from "../../../functions/audit/exports/provable.ts";
import { type Line, lineText } from "../../../functions/audit/exports/rules/lines.ts";
import { ExportCheck } from "../../../functions/audit/exports/rules/verify.ts";
import { sequence } from "../../../functions/audit/sequencing/batch.ts";
import { latestHead } from "../../../functions/audit/tree/store.ts";
import { checkItem } from "../../../functions/audit/upkeep/store.ts";
import { auditItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { primaryKey } from "../../../shared/dynamo/item.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import type { TimeRange } from "../../../shared/http/time-range.ts";
import { newId } from "../../../shared/ids.ts";
import { batchOf, type Written, writeEntry } from "../../support/audit-entries.ts";
import { memoryKey } from "../../support/audit-tree.ts";
import { organizationNamed } from "../../support/organization.ts";
import { ownTable } from "../../support/own-table.ts";

const { key, known } = memoryKey();
const FOUNDED = new Date("2026-01-01T00:00:00.000Z");
let now = FOUNDED;
let table: Table;
beforeAll(async () => {
  const own = await ownTable();
  table = new Table(own.name, own.client, { now: () => now });
});
const clock = { now: () => now };
const inMinutes = (minutes: number) => addSeconds(FOUNDED, minutes * 60);

const number = (all: readonly Written[]) =>
  sequence(batchOf(all), { table, clock, key, dead: { send: async () => {} } });

/** Minutes between two entries of a trail of days; those that get their numbers together are of less than two. */
const EVERY = 28;

/** An organization with an entry a minute, or in as many as it is told, numbered a hundred together. */
async function trail(count: number, every = 1): Promise<string> {
  now = FOUNDED;
  const tenant = newId("organization", now);
  for (let first = 0; first < count; first += 100) {
    const some = Array.from({ length: Math.min(100, count - first) }, (_, i) => first + i);
    now = inMinutes((some.at(-1) ?? 0) * every);
    await number(await Promise.all(some.map((i) => writeEntry(table, tenant, i, inMinutes(i * every)))));
  }
  return tenant;
}

async function exported(tenant: string, range: TimeRange = {}, pause: () => Promise<unknown> = async () => {}) {
  const lines: Line[] = [];
  const organization = organizationNamed(tenant, { created_at: timestamp(FOUNDED) });
  const deps = { tenant: table.of(tenant), clock, pause, key: async () => known.pem };
  for await (const line of provable(organization, range, now, deps)) lines.push(line);
  return lines;
}

function check(lines: readonly Line[], earlier?: Awaited<ReturnType<typeof latestHead>>) {
  const checking = new ExportCheck({ key: known, earlier });
  for (const line of lines) checking.take(lineText(line).trimEnd());
  const { header, ...found } = checking.end();
  return found;
}

const sequences = (lines: readonly Line[]) => lines.flatMap((line) => ("sequence" in line ? [line.sequence] : []));

describe("an export", () => {
  it("of everything is proved, from its first line to its last, with heads in between", async () => {
    const tenant = await trail(2_150);
    now = inMinutes(2_200);
    const lines = await exported(tenant);
    expect(sequences(lines)).toEqual(Array.from({ length: 2_150 }, (_, i) => i));
    expect(lines.filter(({ line }) => line === "checkpoint").length).toBe(2);
    expect(check(lines)).toMatchObject({ entries: 2_150, expired: 0, outside: 0, unproved: 0 });
  });

  it("of a range of time has every entry in it, shows of others the leaf only, and is proved", async () => {
    const tenant = await trail(500, EVERY);
    now = inMinutes(50_000);
    const [all, some] = [await exported(tenant), await exported(tenant, range(EVERY * 160, EVERY * 219))];
    const within = all.filter((line) => "occurred_at" in line && line.occurred_at >= timestamp(inMinutes(EVERY * 160)));
    const entries = some.filter(({ line }) => line === "entry");
    expect(entries).toEqual(within.slice(0, 60));
    // From the last head before it to the first one two days later: what was numbered late is between them.
    expect(check(some)).toMatchObject({ first: 100, next: 340, entries: 60, outside: 180, unproved: 0 });
    expect(JSON.stringify(some.filter(({ line }) => line === "leaf"))).not.toMatch(/Agent|usr_|203\.0/);
    for (const [from, to] of [
      [0, 0],
      [0, 499],
      [255, 256],
      [499, 1_600],
      [600, 700],
    ] as const)
      expect(check(await exported(tenant, range(EVERY * from, EVERY * to))).entries).toBe(
        Math.max(0, Math.min(to, 499) - from + 1),
      );
    expect(check(await exported(tenant, { to: "2020-01-01T00:00:00Z" })).entries).toBe(0);
  });

  it("shows what has come to its end as a leaf, and says what is gone before its end", async () => {
    const tenant = await trail(10);
    now = inMinutes(20);
    const third = (await exported(tenant))[3];
    if (third?.line !== "entry") throw new Error("there is no third entry");
    const Key = primaryKey(auditItem, tenant, { ...third, month: third.occurred_at.slice(0, 7) });
    await table.client.send(new DeleteCommand({ TableName: table.name, Key }));
    const lines = await exported(tenant);
    expect(() => check(lines)).toThrow(`says that the entry ${third.id} is missing before its end`);
    now = addSeconds(FOUNDED, 400 * 86_400 + 5 * 60 + 1);
    // Its own entry makes a head by which that is known.
    const own = await writeEntry(table, tenant, 10, now);
    const over = await exported(tenant, {}, () => number([own]));
    expect(check(over)).toMatchObject({ entries: 5, expired: 6 });
  });

  it("waits until its own entry has a number, and sets apart what has none by then", async () => {
    const tenant = await trail(5);
    now = inMinutes(6);
    const own = await writeEntry(table, tenant, 5, now);
    let pauses = 0;
    const lines = await exported(tenant, {}, async () => {
      if (++pauses === 3) await number([own]);
    });
    expect([pauses, check(lines)]).toMatchObject([3, { entries: 6, unproved: 0 }]);
    await writeEntry(table, tenant, 6, now);
    const early = await exported(tenant);
    expect(check(early)).toMatchObject({ entries: 6, unproved: 1, first_unproved: 8, ahead: false });
    expect(early.at(-1)).toMatchObject({ sequence: null, leaf_hash: null });
    // So does one whose end has just passed, and one whose end was before it does not.
    now = inMinutes(7);
    expect(check(await exported(tenant, { to: timestamp(inMinutes(6)) }))).toMatchObject({ entries: 6, unproved: 1 });
    expect(check(await exported(tenant, { to: timestamp(inMinutes(5)) }))).toMatchObject({ unproved: 0 });
  });

  it("has what got its number long after the end of its range, proved where that is known", async () => {
    const tenant = await trail(5);
    const lost = await writeEntry(table, tenant, 5, inMinutes(5));
    const until = range(0, 9);
    now = inMinutes(3 * 1_440);
    await number([await writeEntry(table, tenant, 6, now)]);
    // The sequencer has missed it, and nobody has looked for it yet.
    const missed = await exported(tenant, until);
    expect(check(missed)).toMatchObject({ next: 6, entries: 5, outside: 1, unproved: 1, first_unproved: 8 });
    expect(missed.at(-1)).toMatchObject({ id: lost.entry.id, sequence: null });
    expect(check(await exported(tenant))).toMatchObject({ entries: 6, unproved: 1 });
    expect(check(await exported(tenant, range(6, 9)))).toMatchObject({ entries: 0, unproved: 0 });
    now = inMinutes(4 * 1_440);
    await number([lost]);
    now = inMinutes(8 * 1_440);
    await number([await writeEntry(table, tenant, 7, now)]);
    expect(check(await exported(tenant, until))).toMatchObject({ next: 7, entries: 6, outside: 1, unproved: 0 });
    // The range of another time is as long as it was.
    expect(check(await exported(tenant, range(0, 4)))).toMatchObject({ next: 6, entries: 5, outside: 1 });
  });

  it("looks for what has no number only where that is not known", async () => {
    const tenant = await trail(1);
    await writeEntry(table, tenant, 1, inMinutes(1));
    const { writes } = table.of(tenant);
    const unproved = async (time: TimeRange) => check(await exported(tenant, time)).unproved;
    now = inMinutes(60);
    await table.transact([writes.put(checkItem, { checked_to: timestamp(inMinutes(1)) })]);
    expect([await unproved({}), await unproved(range(0, 1)), await unproved(range(2, 3))]).toEqual([1, 1, 0]);
    await table.transact([writes.put(checkItem, { checked_to: timestamp(inMinutes(2)) })]);
    expect([
      await unproved({}),
      await unproved(range(0, 1)),
      await unproved({ from: timestamp(inMinutes(99)) }),
    ]).toEqual([0, 0, 0]);
  });

  it("of an organization without a tree has its entries, and proves nothing", async () => {
    now = FOUNDED;
    const tenant = newId("organization", now);
    await writeEntry(table, tenant, 0, now);
    expect(check(await exported(tenant))).toMatchObject({ entries: 0, unproved: 1, ahead: true });
  });

  it("goes on from every head of before", async () => {
    const tenant = await trail(3);
    const earlier = await latestHead(table.of(tenant));
    now = inMinutes(5);
    await number([await writeEntry(table, tenant, 3, now)]);
    expect(check(await exported(tenant), earlier)).toMatchObject({ entries: 4 });
  });
});

const range = (from: number, to: number): TimeRange => ({
  from: timestamp(inMinutes(from)),
  to: timestamp(inMinutes(to)),
});
