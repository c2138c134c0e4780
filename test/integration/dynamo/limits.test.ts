import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { admitAttempt } from "../../../functions/auth/throttle/admit.ts";
import { FREE_ATTEMPTS } from "../../../functions/auth/throttle/model.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import { countOwner, discountOwner, ownerCountItem } from "../../../shared/identity/owners.ts";
import { giveQuota, quotaItem, takeQuota } from "../../../shared/limits/quota.ts";
import { stackTable } from "../../support/stack.ts";

const unique = () => randomBytes(8).toString("hex");
const NEW_YEAR = new Date("2026-01-01T00:00:00.000Z");
const fresh = () => stackTable(NEW_YEAR).of(`test_${unique()}`);
/** One attempt from one place, on a laptop's allowance by source. */
const attemptAt = (email: string, at: Date) =>
  admitAttempt({ table: stackTable(NEW_YEAR), origin_factor: 1_000 }, { email, ip: "192.0.2.1" }, at);
const outcomes = async (attempts: Promise<unknown>[]) => {
  const results = await Promise.allSettled(attempts);
  const refused = results.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  for (const reason of refused) expect(reason).toBeInstanceOf(Problem);
  return { admitted: results.length - refused.length, refused: refused as Problem[] };
};

describe("attempts at an account", () => {
  const now = NEW_YEAR;

  it("made in parallel are no more than made one by one", async () => {
    const email = `${unique()}@example.com`;
    const { admitted, refused } = await outcomes(Array.from({ length: 40 }, () => attemptAt(email, now)));
    // The free ones, and the one that starts the first wait.
    expect(admitted).toBe(FREE_ATTEMPTS + 1);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["rate_limited"]));
  });

  it("wait longer and longer, and one gets through after each wait", async () => {
    const email = `${unique()}@example.com`;
    for (let i = 0; i <= FREE_ATTEMPTS; i++) await attemptAt(email, now);
    let at = now;
    for (const wait of [30, 60, 120]) {
      const early = await attemptAt(email, addSeconds(at, wait - 1)).catch((error: unknown) => error);
      expect(early).toMatchObject({ code: "rate_limited", options: { headers: { "retry-after": "1" } } });
      at = addSeconds(at, wait + 1);
      const { admitted } = await outcomes(Array.from({ length: 10 }, () => attemptAt(email, at)));
      expect(admitted).toBe(1);
    }
  });
});

describe("a plan's limit", () => {
  it("under parallel creations is reached and not passed, and a place given back is free again", async () => {
    const table = fresh();
    const take = () => table.transact([takeQuota(table, "free", "pipelines")]);
    const { admitted, refused } = await outcomes(Array.from({ length: 12 }, take));
    expect(admitted).toBe(5);
    expect(refused[0]).toMatchObject({ code: "quota_exceeded", options: { members: { limit: 5, usage: 5 } } });
    await table.transact([giveQuota(table, "pipelines")]);
    await take();
    await expect(take()).rejects.toMatchObject({ code: "quota_exceeded" });
    expect((await table.get(quotaItem, { resource: "pipelines" }))?.used).toBe(5);
  });

  it("is none on the plan without limits, and never falls below nothing", async () => {
    const table = fresh();
    const { admitted } = await outcomes(
      Array.from({ length: 12 }, () => table.transact([takeQuota(table, "enterprise", "pipelines")])),
    );
    expect(admitted).toBe(12);
    await expect(table.transact([giveQuota(table, "agents")])).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("the owners of an organization", () => {
  it("never come to nothing, though all of them go at once", async () => {
    const table = fresh();
    for (let i = 0; i < 10; i++) await table.transact([countOwner(table)]);
    const { admitted, refused } = await outcomes(
      Array.from({ length: 10 }, () => table.transact([discountOwner(table)])),
    );
    expect(admitted).toBe(9);
    expect(refused[0]?.options.members).toEqual({ state: "last_owner" });
    expect(await table.get(ownerCountItem, {})).toEqual({ owners: 1 });
  });
});
