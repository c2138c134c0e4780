import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usageOf } from "../../../functions/api-keys/usage/rules/counts.ts";
import { daysOf } from "../../../functions/api-keys/usage/rules/range.ts";
import { apiKeyUsageItem } from "../../../shared/access/keys/items.ts";
import { counterOf, HELD_SECONDS, KeyUsage, MOST_HELD, outcomeOf } from "../../../shared/access/keys/usage.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { type Write, Writes } from "../../../shared/dynamo/write.ts";

const key = { id: "key_01JDQ4X0Z5V8W3N7K2M9R6T1BC", organization_id: "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC" };
const NOON = Date.parse("2026-06-01T12:00:00Z");

/** What a day's item holds, by day and counter, and how many writes that took. */
function tableThat(fails: (nth: number) => "before" | "after" | undefined = () => undefined) {
  const stored = new Map<string, number>();
  const seen = { writes: 0, lost: 0 };
  const apply = async (_: unknown, { counter, lost, item }: Write) => {
    seen.writes += 1;
    // Whoever makes it again after a lost answer would count twice.
    expect(lost).toBe("tell");
    const failure = fails(seen.writes);
    if (failure === "before") throw new Error("throttled");
    const day = String(counter?.set.day);
    expect(JSON.stringify(item.Update?.Key)).toContain(day);
    for (const [name, count] of Object.entries(counter?.add ?? {}))
      stored.set(`${day} ${name}`, (stored.get(`${day} ${name}`) ?? 0) + Number(count));
    if (failure === "after") throw new Error("ETIMEDOUT");
  };
  const of = (tenant: string) => ({ tenant, writes: new Writes("table", tenant), apply });
  const usage = () => new KeyUsage({ of } as unknown as Table, () => void seen.lost++);
  return { stored, seen, usage };
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((all, one) => all + one, 0);

describe("what is counted of a key", () => {
  const requests = fc.array(
    fc.record({
      operation: fc.constantFrom("agents.get", "agents.list", "runs.start_agent"),
      status: fc.constantFrom(200, 202, 304, 403, 429, 503),
      after_seconds: fc.constantFrom(0, 0, 0, 1, 60, 400, 90_000),
    }),
    { maxLength: 200 },
  );
  const failures = fc.array(fc.constantFrom(undefined, undefined, undefined, "before" as const, "after" as const), {
    minLength: 1,
    maxLength: 7,
  });

  it("is never more than was, whichever writes fail, and by day, operation and outcome", async () => {
    await fc.assert(
      fc.asyncProperty(requests, failures, async (sent, how) => {
        const { stored, usage, seen } = tableThat((nth) => how[nth % how.length]);
        const process = usage();
        const was = new Map<string, number>();
        let at = NOON;
        for (const { operation, status, after_seconds } of sent) {
          at += after_seconds * 1_000;
          const name = `${new Date(at).toISOString().slice(0, 10)} ${counterOf(operation, outcomeOf(status))}`;
          was.set(name, (was.get(name) ?? 0) + 1);
          await process.count(key, operation, outcomeOf(status), new Date(at));
        }
        for (const [name, count] of stored) expect(count).toBeLessThanOrEqual(was.get(name) ?? 0);
        if (how.every((one) => one === undefined)) expect(seen.lost).toBe(0);
      }),
    );
  });

  it("misses less than is written together, and no more than the process has written, whenever it is ended", async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (sent) => {
        const { stored, usage } = tableThat();
        const process = usage();
        let [at, number] = [NOON, 0];
        for (const { operation, status, after_seconds } of sent) {
          at += after_seconds * 1_000;
          await process.count(key, operation, outcomeOf(status), new Date(at));
          number += 1;
          const written = sum(stored.values());
          const missing = number - written;
          expect(missing).toBeLessThan(MOST_HELD);
          expect(missing).toBeLessThanOrEqual(written);
        }
      }),
    );
  });

  it("costs a busy key one write in many requests", async () => {
    const { usage, seen, stored } = tableThat();
    const process = usage();
    for (let i = 0; i < 1_000; i++) await process.count(key, "agents.get", "succeeded", new Date(NOON));
    // 1, 2, 4, 8 and 16 together, then 25 each time.
    expect(seen.writes).toBe(5 + Math.floor((1_000 - 31) / MOST_HELD));
    expect(1_000 - sum(stored.values())).toBe((1_000 - 31) % MOST_HELD);
  });

  it("is written with the next request where it was held for long, and of a day that is over before another one", async () => {
    const { usage, stored } = tableThat();
    const process = usage();
    const at = (seconds: number) => new Date(NOON + seconds * 1_000);
    await process.count(key, "agents.get", "succeeded", at(0));
    await process.count(key, "agents.get", "succeeded", at(1));
    expect(sum(stored.values())).toBe(1);
    await process.count(key, "agents.get", "succeeded", at(HELD_SECONDS + 1));
    expect(sum(stored.values())).toBe(3);
    await process.count(key, "agents.list", "refused", at(HELD_SECONDS + 2));
    await process.count(key, "agents.get", "succeeded", at(86_400));
    expect(Object.fromEntries(stored)).toEqual({
      "2026-06-01 agents.get#succeeded": 3,
      "2026-06-01 agents.list#refused": 1,
    });
  });

  it("is counted together where several come at once", async () => {
    const { usage, stored } = tableThat();
    const process = usage();
    await Promise.all(Array.from({ length: 31 }, () => process.count(key, "agents.get", "failed", new Date(NOON))));
    expect(sum(stored.values())).toBe(31);
  });

  it("of keys that no process can hold any more is written, not lost", async () => {
    const { usage, stored } = tableThat();
    const process = usage();
    const of = (n: number) => ({ ...key, id: `key_${n}` });
    for (let n = 0; n < 1_500; n++) {
      await process.count(of(n), "agents.get", "succeeded", new Date(NOON));
      await process.count(of(n), "agents.get", "succeeded", new Date(NOON));
    }
    expect(sum(stored.values())).toBe(1_500 + 500);
  });
});

describe("a day as it is shown", () => {
  it("has each operation once, and their sums", () => {
    const item = apiKeyUsageItem.schema.parse({
      api_key_id: key.id,
      day: "2026-06-01",
      expires_at: "2027-07-06T00:00:00.000Z",
      "runs.start_agent#failed": 1,
      "agents.get#succeeded": 5,
      "agents.get#refused": 2,
    });
    expect(usageOf(item as never)).toEqual({
      day: "2026-06-01",
      succeeded: 5,
      refused: 2,
      failed: 1,
      operations: [
        { operation: "agents.get", succeeded: 5, refused: 2, failed: 0 },
        { operation: "runs.start_agent", succeeded: 0, refused: 0, failed: 1 },
      ],
    });
  });

  it("is one of the last thirty, unless told", () => {
    const at = new Date("2026-03-01T23:59:59Z");
    expect(daysOf({}, at)).toEqual({ from: "2026-01-31", to: "2026-03-01" });
    expect(daysOf({ to: "2026-01-30" }, at)).toEqual({ from: "2026-01-01", to: "2026-01-30" });
    expect(daysOf({ from: "2025-12-31" }, at)).toEqual({ from: "2025-12-31", to: "2026-03-01" });
  });
});
