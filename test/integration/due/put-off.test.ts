import { beforeAll, expect, it } from "vitest";
import { addSeconds } from "../../../shared/clock.ts";
import { defineDue } from "../../../shared/due/due.ts";
import { dueItem } from "../../../shared/due/item.ts";
import { dueWorker, PutOff } from "../../../shared/due/work.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { ownTable } from "../../support/own-table.ts";

const knot = defineDue("test_knot");
const TENANT = "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const start = new Date("2026-03-01T12:00:00.000Z");

let now = start;
let table: Table;
beforeAll(async () => {
  const own = await ownTable();
  table = new Table(own.name, own.client, { now: () => now });
});

const item = () => table.of(PLATFORM).get(dueItem, { tenant: TENANT, kind: knot.kind, ref: "one" });
const set = () => table.of(TENANT).transact([knot.set(table.of(TENANT), "one", now)]);

/** Comes due as it stands, and says what its work says. */
async function comeDue(answer: () => Date | PutOff | undefined): Promise<void> {
  const due = await item();
  if (due === undefined) throw new Error("nothing is due");
  now = new Date(Math.max(now.getTime(), Date.parse(due.at)));
  await dueWorker(table, { [knot.kind]: async () => answer() })(due);
}

const inAnHour = () => new PutOff(addSeconds(now, 3_600));

it("what is put off for a day fails, so that its dead-letter queue raises the alarm, and is tried on", async () => {
  now = start;
  await set();
  for (let hours = 0; hours < 24; hours++) await comeDue(inAnHour);
  expect((await item())?.put_off_since).toBe(start.toISOString());
  await expect(comeDue(inAnHour)).rejects.toThrow(/test_knot of .*\/one could not be done since 2026-03-01T12:00/);
  await expect(comeDue(inAnHour)).rejects.toThrow("could not be done");
  await comeDue(() => undefined);
  expect(await item()).toBeUndefined();
});

it("what is due again in good order is counted anew, however often", async () => {
  now = start;
  await set();
  await comeDue(inAnHour);
  await comeDue(() => addSeconds(now, 10 * 86_400));
  expect((await item())?.put_off_since).toBeUndefined();
  for (let hours = 0; hours < 24; hours++) await comeDue(inAnHour);
  await set();
  expect((await item())?.put_off_since).toBeUndefined();
});
