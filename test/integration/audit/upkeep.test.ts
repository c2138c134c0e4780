import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sequence } from "../../../functions/audit/sequencing/batch.ts";
import { entryKey } from "../../../functions/audit/store.ts";
import { latestHead, numbersOf, treeItem } from "../../../functions/audit/tree/store.ts";
import { checkNumbers } from "../../../functions/audit/upkeep/check.ts";
import { auditCheck, auditTelling } from "../../../functions/audit/upkeep/store.ts";
import { tellHead } from "../../../functions/audit/upkeep/tell.ts";
import { auditItem, outboxItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { primaryKey } from "../../../shared/dynamo/item.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { batchOf, writeEntry } from "../../support/audit-entries.ts";
import { memoryKey } from "../../support/audit-tree.ts";
import { dueOf } from "../../support/due.ts";
import { organizationNamed } from "../../support/organization.ts";
import { ownTable } from "../../support/own-table.ts";

const { key } = memoryKey();
const logged: unknown[] = [];
const failed: unknown[] = [];
const log = {
  info: (_: string, fields?: object) => void logged.push(fields),
  error: (event: string, error: unknown, fields?: object) => void failed.push([event, String(error), fields]),
};
let base: Table;
let now = new Date();
let table: Table;
beforeAll(async () => {
  base = await ownTable();
  table = new Table(base.name, base.client, { now: () => now });
});

let tenant = "";
beforeEach(async () => {
  now = new Date();
  tenant = newId("organization", now);
  logged.length = 0;
  failed.length = 0;
  const { writes } = table.of(tenant);
  await table.transact([writes.put(organizationItem, organizationNamed(tenant, { created_at: timestamp(now) }))]);
});

const clock = { now: () => now };
const number = async (count: number) => {
  const all = [];
  for (let i = 0; i < count; i++) all.push(await writeEntry(table, tenant, i, now));
  await sequence(batchOf(all), { table, clock, key, dead: { send: async () => {} } });
  return all;
};
const due = async (kind: string) => (await dueOf(tenant, table)).find((one) => one.kind === kind);
const events = async () => {
  const found = [];
  for await (const { envelope } of table.of(tenant).all(outboxItem, { of: { day: timestamp(now).slice(0, 10) } }))
    found.push(envelope);
  return found;
};

/** What the deployed function does when it is due; some at the same time, as messages may come. */
async function comeDue(kind: string, { copies = 1, more = true } = {}): Promise<void> {
  const item = await due(kind);
  if (item === undefined) throw new Error(`${kind} is not due`);
  now = new Date(Math.max(now.getTime(), Date.parse(item.at)));
  const work = dueWorker(table, {
    [auditTelling.kind]: (one: Due) => tellHead(one, { table, clock }),
    [auditCheck.kind]: (one: Due) => checkNumbers(one, { table, clock, key, log, budget: () => () => more }),
  });
  const { ref, at } = item;
  await Promise.all(Array.from({ length: copies }, () => work({ tenant, kind, ref, at })));
}

describe("a new head", () => {
  it("is told of a minute after the entries that it is for, once, whoever is told to", async () => {
    const numbered = now;
    await number(3);
    await number(2);
    expect((await due(auditTelling.kind))?.at).toBe(timestamp(addSeconds(numbered, 60)));
    await comeDue(auditTelling.kind, { copies: 3 });
    const head = await latestHead(table.of(tenant));
    expect(head?.size).toBe(5);
    expect(await events()).toMatchObject([
      { type: "audit.head_signed", actor: { type: "system", id: "audit_telling" }, data: head },
    ]);
    expect(await due(auditTelling.kind)).toBeUndefined();
    await number(1);
    expect((await due(auditTelling.kind))?.at).toBe(timestamp(addSeconds(now, 60)));
  });

  it("that came in between is told of instead", async () => {
    await number(1);
    await table.of(tenant).transact([table.of(tenant).writes.update(treeItem, {}, { set: { size: 2 } })]);
    await comeDue(auditTelling.kind);
    expect([await events(), (await due(auditTelling.kind))?.at]).toEqual([[], timestamp(addSeconds(now, 5))]);
  });

  it("of nobody who is gone is told of, and nothing of it is due", async () => {
    const { writes } = table.of(tenant);
    await table.transact([writes.remove(organizationItem, {})]);
    await number(2);
    expect((await latestHead(table.of(tenant)))?.size).toBe(2);
    expect(await dueOf(tenant, table)).toEqual([]);
  });
});

describe("entries whose records the sequencer never got", () => {
  const lose = async (count: number) => {
    const ids = [];
    for (let i = 0; i < count; i++) ids.push((await writeEntry(table, tenant, i, now)).entry.id);
    return ids;
  };
  const numbers = (ids: readonly string[]) => numbersOf(table.of(tenant), ids);

  it("are found the next day and get their numbers, behind those of later ones", async () => {
    const lost = await lose(3);
    now = addSeconds(now, 60);
    await number(2);
    await comeDue(auditCheck.kind);
    expect((await numbers(lost)).map(String).sort()).toEqual(["2", "3", "4"]);
    expect(logged).toEqual([{ organization_id: tenant, count: 3 }]);
    expect((await due(auditCheck.kind))?.at).toBe(timestamp(addSeconds(now, 86_400)));
    await comeDue(auditCheck.kind);
    expect([(await latestHead(table.of(tenant)))?.size, logged.length]).toEqual([5, 1]);
  });

  it("are numbered though one among them cannot be read, which is told once", async () => {
    const lost = await lose(3);
    const [, bad = ""] = [...lost].sort();
    const { pk, sk } = primaryKey(auditItem, tenant, entryKey(bad));
    const spoil = {
      Key: { pk, sk },
      UpdateExpression: "SET outcome = :o",
      ExpressionAttributeValues: { ":o": "unheard of" },
    };
    await table.client.send(new UpdateCommand({ TableName: table.name, ...spoil }));
    now = addSeconds(now, 60);
    await number(1);
    await comeDue(auditCheck.kind);
    expect((await numbers([...lost].sort())).map(String)).toEqual(["1", "undefined", "2"]);
    expect(failed).toEqual([["audit.unnumbered", expect.stringContaining(`${bad}: `), { organization_id: tenant }]]);
    expect((await due(auditCheck.kind))?.at).toBe(timestamp(addSeconds(now, 86_400)));
    await comeDue(auditCheck.kind);
    expect(failed).toHaveLength(1);
  });

  it("are left to the stream while they are young", async () => {
    await number(1);
    now = addSeconds(now, 86_400);
    const young = await lose(2);
    await comeDue(auditCheck.kind);
    expect(await numbers(young)).toEqual([undefined, undefined]);
    await comeDue(auditCheck.kind);
    expect((await numbers(young)).map(String).sort()).toEqual(["1", "2"]);
  });

  it("are worked off in parts, each going on where the last one ended", async () => {
    // Within a month, which is read for itself.
    now = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 15));
    const lost = [];
    for (let i = 0; i < 230; i++) lost.push((await writeEntry(table, tenant, i, addSeconds(now, i))).entry.id);
    now = addSeconds(now, 300);
    await number(1);
    for (const size of [101, 200, 231]) {
      await comeDue(auditCheck.kind, { more: false });
      expect((await latestHead(table.of(tenant)))?.size).toBeGreaterThanOrEqual(size);
    }
    expect(await numbers(lost)).not.toContain(undefined);
  });
});
