import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { provable } from "../../../functions/audit/exports/provable.ts";
import { lineText } from "../../../functions/audit/exports/rules/lines.ts";
import { ExportCheck } from "../../../functions/audit/exports/rules/verify.ts";
import { erasePerson } from "../../../functions/audit/persons/erase.ts";
import { type PersonErasure, personErasure, personErasureItem } from "../../../functions/audit/persons/store.ts";
import { sequence } from "../../../functions/audit/sequencing/batch.ts";
import { entriesBetween } from "../../../functions/audit/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { batchOf, type Written, writeEntry } from "../../support/audit-entries.ts";
import { memoryKey } from "../../support/audit-tree.ts";
import { dueOf } from "../../support/due.ts";
import { Crash, type Fault, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { interrupted } from "../../support/interrupted.ts";
import { organizationNamed } from "../../support/organization.ts";
import { ownTable } from "../../support/own-table.ts";
import { places } from "../../support/thorough.ts";

const { key, known } = memoryKey();
let now = new Date();
const clock = { now: () => now };
let table: Table;
beforeAll(async () => {
  const own = await ownTable();
  table = new Table(own.name, own.client, clock);
});

let tenant = "";
let person = "";
let other = "";
const organization = () => organizationNamed(tenant, { created_at: timestamp(addSeconds(now, -3_600)) });
beforeEach(async () => {
  now = new Date();
  tenant = newId("organization", now);
  [person, other] = [newId("user", now), newId("user", now)];
  const { writes } = table.of(tenant);
  await table.transact([writes.put(organizationItem, organization())]);
});

const number = (all: readonly Written[]) =>
  sequence(batchOf(all), { table, clock, key, dead: { send: async () => {} } });

/** What a person did, what was done to them, and what others did to each other. */
async function story(): Promise<Written[]> {
  const about = (type: string, id: string) => ({ type, id, name: `Name of ${id}` });
  return Promise.all(
    [
      { actor: person, resource: about("agent", "agt_1") },
      { actor: person, resource: about("user", person) },
      { actor: other, resource: about("user", person) },
      { actor: other, resource: about("membership", person) },
      { actor: other, resource: about("user", other) },
    ].map(({ actor, resource }, i) => writeEntry(table, tenant, i, now, { actor, resource })),
  );
}

async function ask(): Promise<void> {
  const own = table.of(tenant);
  const erasure: PersonErasure = {
    user_id: person,
    status: "erasing",
    requested_at: timestamp(now),
    completed_at: null,
    parts: 0,
  };
  await own.transact([own.writes.put(personErasureItem, erasure), personErasure.set(own, person, now)]);
}

/** What the deployed function does, as often as it is due. */
async function comeToItsEnd({ on = () => table, more = true, copies = 1 } = {}): Promise<number> {
  for (let steps = 0; steps < 50; steps++) {
    const due = (await dueOf(tenant, table)).find(({ kind }) => kind === personErasure.kind);
    if (due === undefined) return steps;
    now = new Date(Math.max(now.getTime(), Date.parse(due.at)));
    const work = () => {
      const deps = { table: on(), clock, budget: () => () => more };
      return dueWorker(deps.table, { [personErasure.kind]: (one: Due) => erasePerson(one, deps) })(due);
    };
    const done = await Promise.allSettled(Array.from({ length: copies }, work));
    for (const one of done) if (one.status === "rejected" && !(one.reason instanceof Crash)) throw one.reason;
  }
  throw new Error("it never ends");
}

const entries = async () => {
  const found = [];
  for await (const some of entriesBetween(table.of(tenant), organization(), {}, now)) found.push(...some);
  return found;
};

/** Whether an export proves every entry that has a number. */
async function proved() {
  const checking = new ExportCheck({ key: known });
  const lines = [];
  const deps = { tenant: table.of(tenant), clock, pause: async () => {}, key: async () => known.pem };
  for await (const line of provable(organization(), {}, now, deps)) {
    lines.push(line);
    checking.take(lineText(line).trimEnd());
  }
  return { lines, ...checking.end() };
}

describe("the erasure of a person from the audit log", () => {
  it("takes out who did it from where and what it said of them, and every proof holds", async () => {
    await number(await story());
    const before = await proved();
    await ask();
    await comeToItsEnd();
    const after = await proved();
    expect([before.entries, after.entries]).toEqual([5, 5]);
    const hashes = ({ lines }: typeof before) =>
      lines.flatMap((line) => ("leaf_hash" in line && line.sequence !== null ? [line.leaf_hash] : []));
    expect(hashes(after)).toEqual(hashes(before));
    const texts = (await entries())
      .filter(({ action }) => action === "agent.updated")
      .map((entry) => JSON.stringify(entry));
    expect(texts.filter((text) => text.includes(person))).toEqual([]);
    expect(texts.filter((text) => text.includes(other))).toHaveLength(3);
    expect(texts.filter((text) => text.includes("203.0.113.9"))).toHaveLength(3);
    expect(texts.filter((text) => text.includes("Name of"))).toHaveLength(2);
    expect(await table.of(tenant).get(personErasureItem, { user_id: person })).toMatchObject({
      status: "erased",
      parts: 5,
    });
    const log = (await entries()).filter(({ action }) => action === "audit.person_erased");
    expect(log).toMatchObject([{ actor: { type: "system", id: "audit_person_erasure" } }]);
  });

  it("of an entry that has no number yet gives it the leaf that it would have had", async () => {
    const all = await story();
    await ask();
    await comeToItsEnd();
    // The record of the stream has the entry as it was written.
    await number(all);
    expect((await proved()).entries).toBe(5);
  });

  it("is the same wherever its worker dies, in however small parts, and however many work at it", async () => {
    for (const place of places(8, 3)) {
      for (const fault of ["before", "after"] as const) {
        tenant = newId("organization", now);
        await table.transact([table.of(tenant).writes.put(organizationItem, organization())]);
        await number(await story());
        await ask();
        let count = 0;
        const on = () =>
          faultyTable(
            onWrites((): Fault => (++count === place ? fault : undefined)),
            table,
          );
        await comeToItsEnd({ on, more: false });
        const left = (await entries()).filter(
          (entry) => entry.action === "agent.updated" && JSON.stringify(entry).includes(person),
        );
        expect([place, fault, left, (await proved()).entries]).toEqual([place, fault, [], 5]);
      }
    }
    await number(await story());
    await ask();
    await comeToItsEnd({ copies: 4 });
    expect((await proved()).entries).toBeGreaterThanOrEqual(10);
  });

  it("asked for again while a look finds nothing any more is made again, and loses nothing", async () => {
    await number(await story());
    await ask();
    let asked = now;
    // Between the last look and what says that it has ended.
    const raced = interrupted(async () => {
      asked = addSeconds(now, 1);
      now = asked;
      await story();
      await ask();
    }, table);
    await comeToItsEnd({ on: () => raced });
    const left = (await entries()).filter(
      (entry) => entry.action === "agent.updated" && JSON.stringify(entry).includes(person),
    );
    const ended = await table.of(tenant).get(personErasureItem, { user_id: person });
    expect([left, ended]).toMatchObject([[], { status: "erased", requested_at: timestamp(asked), parts: 5 }]);
  });

  it("leaves no room for anything else: a text in the place of what was erased is refused", async () => {
    await number(await story());
    await ask();
    await comeToItsEnd();
    const { lines } = await proved();
    const checking = new ExportCheck({ key: known });
    const forged = lines.map((line) =>
      line.line === "entry" && line.erased?.actor !== undefined
        ? { ...line, actor: { type: "user" as const, id: other } }
        : line,
    );
    const take = () => {
      for (const line of forged) checking.take(lineText(line).trimEnd());
    };
    expect(take).toThrow("says something in the place of its actor, which was erased");
  });
});
