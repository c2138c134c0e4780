import type { DynamoDBRecord } from "aws-lambda";
import { beforeAll, describe, expect, it } from "vitest";
import { type DeadEntries, sequence } from "../../../functions/audit/sequencing/batch.ts";
import { MOST_ENTRIES } from "../../../functions/audit/sequencing/number.ts";
import { hashOf, leafDataOf } from "../../../functions/audit/tree/rules/evidence.ts";
import { isHeadOf } from "../../../functions/audit/tree/rules/head.ts";
import { added, type Peak, rootOf } from "../../../functions/audit/tree/rules/merkle.ts";
import { headItem, latestHead, leavesOf, numbersOf, treeItem } from "../../../functions/audit/tree/store.ts";
import { auditItem } from "../../../shared/change/items.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { newId } from "../../../shared/ids.ts";
import { batchOf, type Written, writeEntry } from "../../support/audit-entries.ts";
import { memoryKey } from "../../support/audit-tree.ts";
import { type Fault, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { ownTable } from "../../support/own-table.ts";
import { places } from "../../support/thorough.ts";

const { key, known } = memoryKey();
let table: Table;
beforeAll(async () => {
  table = await ownTable();
});

let dead: DeadEntries[] = [];
const deps = (on: Table = table) => ({
  table: on,
  clock: systemClock,
  key,
  dead: { send: async (some: readonly DeadEntries[]) => void dead.push(...some) },
});

const entries = (tenant: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => writeEntry(table, tenant, i)));
const tenants = (count: number) => Array.from({ length: count }, () => newId("organization", new Date()));

/** What the table holds of a tree, which is looked at whole: its leaves in order, each once, and the root that they make. */
async function treeOf(tenant: string) {
  const own = table.of(tenant);
  const tree = await own.get(treeItem, {});
  const size = tree?.size ?? 0;
  const leaves = [];
  for await (const some of leavesOf(own, { from: 0, to: size })) leaves.push(...some);
  expect(leaves.map(({ sequence: at }) => at)).toEqual(Array.from({ length: size }, (_, i) => i));
  expect(new Set(leaves.map(({ audit_id }) => audit_id)).size).toBe(size);
  let peaks: Peak[] = [];
  const roots = [];
  for (const leaf of leaves) {
    const stored = await own.get(auditItem, { month: new Date().toISOString().slice(0, 7), id: leaf.audit_id });
    if (stored === undefined) throw new Error(`${leaf.audit_id} is gone`);
    const next = added(peaks, { level: 0, hash: hashOf(leafDataOf(stored)) });
    expect(leaf.hashes).toEqual(next.made.map((hash) => hash.toString("base64")));
    peaks = next.peaks;
    roots.push(rootOf(peaks).toString("base64"));
  }
  for await (const head of own.all(headItem, { of: {} })) {
    expect(isHeadOf(known, head)).toBe(true);
    expect(head).toMatchObject({ organization_id: tenant, root_hash: roots[head.size - 1] });
  }
  const head = await latestHead(own);
  expect(head?.size ?? 0).toBe(size);
  return { size, ids: leaves.map(({ audit_id }) => audit_id) };
}

const idsOf = (all: readonly Written[]) => all.map(({ entry: { id } }) => id).sort();

describe("the sequencer", () => {
  it("numbers the entries of each organization in a batch, in the order of time and without a gap", async () => {
    const [a = "", b = "", c = ""] = tenants(3);
    const [of_a, of_b, of_c] = await Promise.all([entries(a, 5), entries(b, 1), entries(c, 3)]);
    const mixed = [...of_c, ...of_a.slice(2), ...of_b, ...of_a.slice(0, 2)];
    const { grown, ...rest } = await sequence(batchOf(mixed), deps());
    expect(rest).toEqual({ numbered: 9, dead: [] });
    expect([...grown].sort()).toEqual([a, b, c].sort());
    expect(await treeOf(a)).toEqual({ size: 5, ids: idsOf(of_a) });
    expect(await treeOf(b)).toEqual({ size: 1, ids: idsOf(of_b) });
    expect(await treeOf(c)).toEqual({ size: 3, ids: idsOf(of_c) });
    expect(await numbersOf(table.of(a), idsOf(of_a))).toEqual([0, 1, 2, 3, 4]);
  });

  it("takes more entries than a transaction does", async () => {
    const [tenant = ""] = tenants(1);
    const all = await entries(tenant, 2 * MOST_ENTRIES + 7);
    expect((await sequence(batchOf(all), deps())).numbered).toBe(all.length);
    expect(await treeOf(tenant)).toEqual({ size: all.length, ids: idsOf(all) });
  });

  it("changes nothing when records come again, alone, in another batch, or twice in one", async () => {
    const [tenant = ""] = tenants(1);
    const all = await entries(tenant, 6);
    await sequence(batchOf(all.slice(0, 3)), deps());
    await sequence(batchOf([...all.slice(1), ...all.slice(2, 5)]), deps());
    expect((await sequence(batchOf(all), deps())).numbered).toBe(0);
    expect((await treeOf(tenant)).size).toBe(6);
  });

  it("numbers each entry once when two work on the same and on others at the same time", async () => {
    const [tenant = ""] = tenants(1);
    const all = await entries(tenant, 60);
    const workers = [all.slice(0, 40), all.slice(20), all, [...all].reverse()];
    await Promise.all(workers.map((some) => sequence(batchOf(some), deps())));
    expect((await treeOf(tenant)).size).toBe(60);
  });

  it("leaves a whole tree wherever it dies, and goes on from there", async () => {
    const writes = 2;
    for (const fault of ["before", "after", "lost", "conflict"] as const) {
      for (const place of places(writes, 2)) {
        const [tenant = ""] = tenants(1);
        const all = await entries(tenant, MOST_ENTRIES + 2);
        let count = 0;
        const once = onWrites((): Fault => (++count === place ? fault : undefined));
        await sequence(batchOf(all), deps(faultyTable(once, table))).catch(() => undefined);
        // What it has written is a tree: leaves, numbers, root and head.
        await treeOf(tenant);
        await sequence(batchOf(all), deps());
        expect((await treeOf(tenant)).size, `${fault} ${place}`).toBe(all.length);
      }
    }
  });

  it("puts aside what cannot be read or numbered, and holds nobody else up", async () => {
    dead = [];
    const [a = "", b = ""] = tenants(2);
    const [good, other] = await Promise.all([entries(a, 2), entries(b, 1)]);
    const image = { ...good[0]?.record.dynamodb?.NewImage, outcome: { S: "unheard of" } };
    const bad = { eventName: "INSERT", dynamodb: { NewImage: image } } as DynamoDBRecord;
    const broken = table.of(b).writes.put(treeItem, { size: 3, peaks: [], telling: false });
    await table.transact([broken]);
    const { Records } = batchOf([...good.slice(1), ...other]);
    const { numbered } = await sequence({ Records: [bad, ...Records] }, deps());
    expect(numbered).toBe(1);
    expect(dead).toMatchObject([
      { reason: "unreadable", keys: [expect.stringContaining(`T#${a}#AUDIT#`)] },
      { reason: "failed", detail: "a tree of 3 has other peaks", keys: [`${b}/${other[0]?.entry.id}`] },
    ]);
    expect((await treeOf(a)).size).toBe(1);
  });

  it("has the batch come again when the cloud fails one organization, after it has done the others'", async () => {
    const [a = "", b = ""] = tenants(2);
    const [of_a, of_b] = await Promise.all([entries(a, 2), entries(b, 2)]);
    const throttled = (command: string, input: unknown): Fault =>
      command === "TransactWrite" && JSON.stringify(input).includes(b) ? "throttle" : undefined;
    const records = batchOf([...of_a, ...of_b]);
    await expect(sequence(records, deps(faultyTable(throttled, table)))).rejects.toThrow(
      "1 organizations have to wait",
    );
    expect([(await treeOf(a)).size, (await treeOf(b)).size]).toEqual([2, 0]);
    await sequence(records, deps());
    expect([(await treeOf(a)).size, (await treeOf(b)).size]).toEqual([2, 2]);
  });
});
