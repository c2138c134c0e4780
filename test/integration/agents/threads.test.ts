import { S3Client } from "@aws-sdk/client-s3";
import { expect, inject, it } from "vitest";
import { endThread, eraseThread } from "../../../functions/agents/threads/ending.ts";
import { holdThread, ThreadLost } from "../../../functions/agents/threads/memory.ts";
import { threadLimits } from "../../../functions/agents/threads/model.ts";
import {
  type StoredThread,
  threadErasure,
  threadItem,
  threadTurnItem,
} from "../../../functions/agents/threads/store.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { placesOfThread } from "../../../shared/blobs/purposes.ts";
import { createFiles } from "../../../shared/blobs/s3.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { newId } from "../../../shared/ids.ts";
import { awsConfig, stackTable } from "../../support/stack.ts";
import { blobs } from "../runs/harness.ts";

const begun = new Date("2026-11-15T12:00:00.000Z");
const owner_key = "user:usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

/** A thread of an organization of its own, and who takes it. */
async function setUp(more: Partial<StoredThread> = {}) {
  const table = stackTable(begun).of(newId("organization", begun));
  const thread: StoredThread = {
    id: newId("thread", begun),
    organization_id: table.tenant,
    agent_id: newId("agent", begun),
    owner_key,
    title: null,
    turns: 0,
    bytes: 0,
    kept_days: 7,
    last_turn_at: null,
    created_at: begun.toISOString(),
    expires_at: addSeconds(begun, 7 * 86_400).toISOString(),
    etag: "e",
    ...more,
  };
  await table.transact([table.writes.create(threadItem, thread)]);
  const { id: thread_id, agent_id } = thread;
  const hold = (execution_id: string, at = begun, other: { owner_key?: string; agent_id?: string } = {}) =>
    holdThread({ table, blobs: blobs(), thread_id, agent_id, owner_key, execution_id, at, seconds: 60, ...other });
  return { table, thread, hold, read: () => table.get(threadItem, { id: thread_id }) };
}

const turn = (message: string, answer: string, at = begun) => ({ message, answer, version: 1, model: "lab/m", at });
const execution = () => newId("execution", begun);
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "held",
    (error) => [error.code, error.options.members?.reason],
  );

it("of many executions at once exactly one holds a thread, and the next one after it has let go", async () => {
  const { hold, read } = await setUp();
  const all = await Promise.all(Array.from({ length: 8 }, () => refusal(hold(execution()))));
  expect(all.filter((one) => one === "held")).toHaveLength(1);
  expect(all.filter((one) => one !== "held")).toEqual(Array(7).fill(["conflict", "thread_busy"]));
  const working = (await read())?.working ?? "";
  // Only whoever holds it lets go of it.
  const held = await hold(working);
  await held.release();
  expect((await read())?.working).toBeUndefined();
  await held.release();
  await hold(execution());
});

it("a turn is kept once with both texts, long ones as files, and is remembered from then on", async () => {
  const { table, thread, hold, read } = await setUp();
  const long = "x".repeat(20_000);
  const first = await hold(execution());
  expect(first.remembered).toEqual([]);
  const writes = await first.keep(turn(long, "Yes."));
  await table.transact(writes);
  await expect(table.transact(writes)).rejects.toThrow(ThreadLost);
  expect(await read()).toMatchObject({ turns: 1, bytes: 20_004 });
  const later = addSeconds(begun, 86_400);
  const second = await hold(execution(), later);
  expect(second.remembered).toEqual([{ message: long, answer: "Yes." }]);
  await table.transact(await second.keep(turn("And?", "No.", later)));
  // Each turn ends by itself, and the thread with the last of them.
  const ends = [addSeconds(begun, 7 * 86_400), addSeconds(later, 7 * 86_400)].map((end) => end.toISOString());
  const turns = (await table.page(threadTurnItem, { of: { thread_id: thread.id }, limit: 10 })).items;
  expect(turns.map(({ number, expires_at }) => [number, expires_at])).toEqual(ends.map((end, i) => [i + 1, end]));
  expect((await read())?.expires_at).toBe(ends[1]);

  const files = createFiles(
    sdk,
    new S3Client({ ...awsConfig(), forcePathStyle: true }),
    inject("stack").outputs.BucketName ?? "",
  );
  const named = async () =>
    (await Promise.all(placesOfThread(table.tenant, thread.id).map((place) => files.page(place)))).flat();
  expect(await named()).toHaveLength(1);
  const due = { tenant: table.tenant, kind: threadErasure.kind, ref: thread.id, at: begun.toISOString() };
  for (let again = 0; again < 2; again++) await eraseThread(due, { table: table.table, files });
  expect([
    await named(),
    (await table.page(threadTurnItem, { of: { thread_id: thread.id }, limit: 10 })).items,
  ]).toEqual([[], []]);
});

it("an execution that took too long has lost the thread to the next one; the answer of one of them is kept", async () => {
  const { table, hold, read } = await setUp();
  const slow = await hold(execution());
  expect(await refusal(hold(execution(), addSeconds(begun, 59)))).toEqual(["conflict", "thread_busy"]);
  const next = await hold(execution(), addSeconds(begun, 61));
  await expect(table.transact(await slow.keep(turn("a", "late")))).rejects.toThrow(ThreadLost);
  await slow.release();
  await table.transact(await next.keep(turn("b", "in time")));
  expect(await read()).toMatchObject({ turns: 1 });
});

it("a thread of somebody else, of another agent or of none is not there, and a full one takes no more", async () => {
  const { hold } = await setUp();
  for (const other of [{ owner_key: "user:usr_other" }, { agent_id: newId("agent", begun) }])
    expect(await refusal(hold(execution(), begun, other))).toEqual(["reference_not_found", undefined]);
  for (const full of [{ turns: threadLimits.turns }, { bytes: threadLimits.bytes }])
    expect(await refusal((await setUp(full)).hold(execution()))).toEqual(["conflict", "thread_full"]);
});

it("a thread that was taken after it was read is not ended behind the back of who answers in it", async () => {
  const { table, hold, read } = await setUp();
  const stale = await read();
  if (stale === undefined) throw new Error("there is no thread");
  const held = await hold(execution());
  await expect(table.transact([...endThread(table, stale, begun).writes])).rejects.toMatchObject({
    code: "precondition_failed",
  });
  const [, erasure] = endThread(table, (await read()) ?? stale, begun).writes;
  expect(erasure?.item.Put?.Item?.at).toBe(timestamp(addSeconds(begun, 60)));
  await held.release();
});
