import { gunzipSync } from "node:zlib";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CopyDeps, copyLog } from "../../../functions/audit/copies/copy.ts";
import { keysByName } from "../../../functions/audit/copies/keys.ts";
import { keyIdsOf, openedLine } from "../../../functions/audit/copies/sealed.ts";
import { auditCopying, type Copy, copiedItem, copyItem, personKeyItem } from "../../../functions/audit/copies/store.ts";
import { type EntryLine, lineText } from "../../../functions/audit/exports/rules/lines.ts";
import { ExportCheck } from "../../../functions/audit/exports/rules/verify.ts";
import { auditHolding, HOLDING, type Holds, holdsItem } from "../../../functions/audit/holds/store.ts";
import { sweepHolds } from "../../../functions/audit/holds/sweep.ts";
import { erasePerson } from "../../../functions/audit/persons/erase.ts";
import { type PersonErasure, personErasure, personErasureItem } from "../../../functions/audit/persons/store.ts";
import { sequence } from "../../../functions/audit/sequencing/batch.ts";
import { treeItem } from "../../../functions/audit/tree/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { createSecrets } from "../../../shared/secrets/index.ts";
import { sealer } from "../../../shared/secrets/sealer.ts";
import { batchOf, writeEntry } from "../../support/audit-entries.ts";
import { memoryKey } from "../../support/audit-tree.ts";
import { dueOf } from "../../support/due.ts";
import { Crash, type Fault, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { interrupted } from "../../support/interrupted.ts";
import { memoryLocked } from "../../support/memory-locked.ts";
import { organizationNamed } from "../../support/organization.ts";
import { ownTable } from "../../support/own-table.ts";
import { places } from "../../support/thorough.ts";
import { memoryKeys } from "../../unit/secrets/memory-keys.ts";

const { key, known } = memoryKey();
const secrets = sealer(createSecrets({ keys: memoryKeys() }));
let now = new Date();
const clock = { now: () => now };
let table: Table;
beforeAll(async () => {
  const own = await ownTable();
  table = new Table(own.name, own.client, clock);
});

let tenant = "";
let files = memoryLocked();
const found = async () => {
  tenant = newId("organization", now);
  files = memoryLocked();
  const organization = organizationNamed(tenant, { created_at: timestamp(addSeconds(now, -3_600)) });
  await table.transact([table.of(tenant).writes.put(organizationItem, organization)]);
};
beforeEach(async () => {
  now = new Date();
  await found();
});

/** So many entries, numbered. */
async function logged(count: number, said: Parameters<typeof writeEntry>[4] = {}, on = table): Promise<void> {
  const all = await Promise.all(Array.from({ length: count }, (_, i) => writeEntry(table, tenant, i, now, said)));
  await sequence(batchOf(all), { table: on, clock, key, dead: { send: async () => {} } });
}

/** What the deployed function does, as often as something of its kinds is due by then. */
async function until(hours: number, { on = () => table, more = true, workers = 1 } = {}): Promise<void> {
  const end = addSeconds(now, hours * 3_600);
  for (let steps = 0; steps < 200; steps++) {
    const kinds = [auditCopying.kind, auditHolding.kind, personErasure.kind];
    const [due] = (await dueOf(tenant, table))
      .filter(({ kind, at }) => kinds.includes(kind) && at <= timestamp(end))
      .sort((a, b) => (a.at < b.at ? -1 : 1));
    if (due === undefined) {
      now = end;
      return;
    }
    now = new Date(Math.max(now.getTime(), Date.parse(due.at)));
    const work = () => {
      const deps: CopyDeps & { files: typeof files } = {
        table: on(),
        clock,
        secrets,
        files,
        key,
        budget: () => () => more,
      };
      return dueWorker(deps.table, {
        [auditCopying.kind]: (one: Due) => copyLog(one, deps),
        [auditHolding.kind]: (one: Due) => sweepHolds(one, deps),
        [personErasure.kind]: (one: Due) => erasePerson(one, deps),
      })(due);
    };
    const done = await Promise.allSettled(Array.from({ length: workers }, work));
    for (const one of done) if (one.status === "rejected" && !(one.reason instanceof Crash)) throw one.reason;
  }
  throw new Error("it never ends");
}

const copies = async (): Promise<Copy[]> => {
  const all = [];
  for await (const copy of table.of(tenant).all(copyItem, { of: {} })) all.push(copy);
  return all;
};

const linesOf = ({ object }: Copy): string[] =>
  gunzipSync(files.of(object).bytes).toString("utf8").trimEnd().split("\n");

function proved(lines: readonly string[]) {
  const checking = new ExportCheck({ key: known });
  for (const line of lines) checking.take(line);
  return checking.end();
}

/** A copy with whatever of it opens. */
async function opened(copy: Copy): Promise<string[]> {
  const lines = linesOf(copy).map((line) => JSON.parse(line));
  const names = lines.flatMap((line) => (line.line === "entry" ? keyIdsOf(line as EntryLine) : []));
  const keys = await keysByName(table.of(tenant), names, secrets);
  return lines.map((line) =>
    line.line === "entry" ? lineText(openedLine(line, (name) => keys.get(name))).trimEnd() : JSON.stringify(line),
  );
}

/** A hold more, or one less. */
async function hold(active: number): Promise<void> {
  const own = table.of(tenant);
  const read = await own.get(holdsItem, {});
  const holds: Holds = { active, version: (read?.version ?? 0) + 1, swept_to: null };
  await own.transact([own.writes.put(holdsItem, holds), auditHolding.set(own, HOLDING, now)]);
}

describe("copies of the audit log", () => {
  it("have every entry an hour after it got its number, each part once, proved from one to the next", async () => {
    await logged(3);
    await until(0.5);
    expect(await copies()).toEqual([]);
    await logged(45);
    await until(1);
    await logged(2);
    await until(2);
    const all = await copies();
    expect(all.map(({ first, next, entries, kept_days }) => [first, next, entries, kept_days])).toEqual([
      [0, 48, 48, 400],
      [48, 50, 2, 400],
    ]);
    for (const copy of all) {
      expect(proved(linesOf(copy))).toMatchObject({ first: copy.first, next: copy.next, entries: copy.entries });
      expect(proved(await opened(copy))).toMatchObject({ entries: copy.entries, erased: 0 });
      const { locked_until } = files.of(copy.object);
      const ends = linesOf(copy).flatMap((line) => JSON.parse(line).expires_at ?? []);
      expect([locked_until, copy.locked_until]).toEqual([ends.sort().at(-1), ends.sort().at(-1)]);
    }
    expect(await dueOf(tenant, table)).not.toContainEqual(expect.objectContaining({ kind: auditCopying.kind }));
    expect(await table.of(tenant).get(treeItem, {})).toMatchObject({ size: 50, copying: false });
  });

  it("are made in parts that end where a head was signed, however many entries wait", async () => {
    for (let i = 0; i < 6; i++) await logged(400);
    await until(2, { more: false });
    const all = await copies();
    expect(all.map(({ first }) => first)).toEqual([0, ...all.slice(0, -1).map(({ next }) => next)]);
    expect([all.length, all.at(-1)?.next]).toEqual([2, 2_400]);
    for (const copy of all) expect(proved(linesOf(copy)).entries).toBe(copy.entries);
  });

  it("are whole wherever their worker dies, and however many work at them", async () => {
    for (const place of places(6, 3)) {
      for (const fault of ["before", "after"] as const) {
        await found();
        await logged(5);
        let count = 0;
        const on = () =>
          faultyTable(
            onWrites((): Fault => (++count === place ? fault : undefined)),
            table,
          );
        await until(4, { on });
        const all = await copies();
        expect([place, fault, all.map(({ first, next }) => [first, next])]).toEqual([place, fault, [[0, 5]]]);
        for (const copy of all) expect(proved(linesOf(copy)).entries).toBe(5);
      }
    }
    await found();
    await logged(5);
    await until(4, { workers: 4 });
    expect((await copies()).map(({ first, next }) => [first, next])).toEqual([[0, 5]]);
  });

  it("miss nothing that gets its number while they are made", async () => {
    await logged(5);
    const raced = interrupted(() => logged(4), table);
    await until(1.5, { on: () => raced });
    await until(2);
    expect((await copies()).at(-1)?.next).toBe(9);
    expect(await table.of(tenant).get(copiedItem, {})).toEqual({ next: 9 });
  });

  it("of a tree of before there were copies begin with its first entry", async () => {
    await logged(3);
    const own = table.of(tenant);
    await own.transact([own.writes.update(treeItem, {}, { remove: ["copying"] }), auditCopying.clear(own, "tree")]);
    await logged(1);
    await until(2);
    expect((await copies()).map(({ first, next }) => [first, next])).toEqual([[0, 4]]);
  });
});

describe("a person who is erased", () => {
  const person = newId("user", new Date());
  const ask = async () => {
    const own = table.of(tenant);
    const erasure: PersonErasure = {
      user_id: person,
      status: "erasing",
      requested_at: timestamp(now),
      completed_at: null,
      parts: 0,
    };
    await own.transact([own.writes.put(personErasureItem, erasure), personErasure.set(own, person, now)]);
  };

  it("can be read in no copy any more, and every proof holds", async () => {
    await logged(2, { actor: person });
    await logged(1, { resource: { type: "membership", id: person, name: "Ada" } });
    await until(2);
    const [copy] = await copies();
    if (copy === undefined) throw new Error("there is no copy");
    expect(linesOf(copy).join("\n")).not.toMatch(`${person}|Ada|203\\.0\\.113\\.9`);
    expect((await opened(copy)).join("\n")).toMatch("Ada");
    await ask();
    await until(1);
    const after = await opened(copy);
    expect(after.join("\n")).not.toMatch(`${person}|Ada`);
    expect(proved(after)).toMatchObject({ entries: 3, erased: 3, sealed: 0 });
    expect(await table.of(tenant).get(personKeyItem, { user_id: person })).toMatchObject({ user_id: person });
  });

  it("while a copy is being made is in no copy either, and is in it again for what happens later", async () => {
    await logged(2, { actor: person });
    const raced = interrupted(async () => {
      await ask();
    }, table);
    await until(1.2, { on: () => raced });
    await until(1);
    await logged(1, { actor: person });
    await until(2);
    const texts = await Promise.all((await copies()).map(async (copy) => (await opened(copy)).join("\n")));
    expect(texts.map((text) => text.split(person).length - 1)).toEqual([0, 1]);
  });

  it("waits while a legal hold is active, with everything still to be read", async () => {
    await logged(2, { actor: person });
    await until(2);
    await ask();
    await hold(1);
    await until(5);
    const [copy] = await copies();
    if (copy === undefined) throw new Error("there is no copy");
    expect((await opened(copy)).join("\n")).toMatch(person);
    await hold(0);
    await until(2);
    expect((await opened(copy)).join("\n")).not.toMatch(person);
    expect(await table.of(tenant).get(personErasureItem, { user_id: person })).toMatchObject({ status: "erased" });
  });
});

describe("a legal hold", () => {
  const state = async () =>
    (await copies()).map((copy) => [copy.on_hold, files.of(copy.object).held, copy.expires_at !== undefined]);

  it("keeps every copy there is and every one that comes, and lets go of all", async () => {
    await logged(1);
    await until(2);
    await hold(1);
    await until(0.1);
    expect(await state()).toEqual([[true, true, false]]);
    await logged(1);
    await until(2);
    expect(await state()).toEqual([
      [true, true, false],
      [true, true, false],
    ]);
    // Far beyond the time of any of them.
    now = addSeconds(now, 3_000 * 86_400);
    expect(await copies()).toHaveLength(2);
    await hold(0);
    await until(0.1);
    expect(await copies()).toEqual([]);
    expect(files.count()).toBe(2);
  });

  it("that comes while a copy is made finds it, or it finds the hold", async () => {
    await logged(1);
    const raced = interrupted(() => hold(1), table);
    await until(3, { on: () => raced });
    expect(await state()).toEqual([[true, true, false]]);
  });

  it("that is released while its copies are being held holds none of them, whoever was faster", async () => {
    for (const ahead of [false, true]) {
      await found();
      await logged(1);
      await until(2);
      await hold(1);
      // Between the file that is held and what the table says of it; the release may be swept by another before the first goes on.
      const raced = interrupted(async () => {
        await hold(0);
        if (ahead) await until(0.1);
      }, table);
      await until(0.1, { on: () => raced });
      await until(0.1);
      expect([ahead, await state()]).toEqual([ahead, [[false, false, true]]]);
    }
  });

  it("reaches every copy wherever its worker dies, in however small parts, and however many work at it", async () => {
    for (const place of places(4, 2)) {
      await found();
      for (let i = 0; i < 3; i++) {
        await logged(1);
        await until(2);
      }
      let count = 0;
      const on = () =>
        faultyTable(
          onWrites((): Fault => (++count === place ? "before" : undefined)),
          table,
        );
      await hold(1);
      await until(0.5, { on, more: false, workers: 2 });
      expect([place, await state()]).toEqual([place, Array(3).fill([true, true, false])]);
      await hold(0);
      await until(0.5);
      expect(await state()).toEqual(Array(3).fill([false, false, true]));
    }
  });
});
