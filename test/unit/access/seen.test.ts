import { describe, expect, it } from "vitest";
import { idleSeconds, SEEN_SECONDS, seeMember, seenNow } from "../../../shared/access/seen.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import type { Membership } from "../../../shared/identity/items.ts";

const start = Date.parse("2026-01-01T12:00:00.000Z");
const at = (seconds: number) => new Date(start + seconds * 1000);
const seen = (seconds: number, longest_idle_seconds = 0) => ({
  last_seen_at: at(seconds).toISOString(),
  longest_idle_seconds,
});

describe("when a session was last seen", () => {
  it("is written once in five minutes", () => {
    expect(seenNow(seen(0), at(SEEN_SECONDS - 1))).toBeUndefined();
    expect(seenNow(seen(0), at(SEEN_SECONDS))).toEqual(seen(SEEN_SECONDS, SEEN_SECONDS));
  });

  it("keeps the longest pause, whatever comes after it", () => {
    const back = seenNow(seen(0), at(4_000));
    expect(back).toEqual(seen(4_000, 4_000));
    const later = seenNow(back ?? seen(0), at(4_400));
    expect(later).toEqual(seen(4_400, 4_000));
    expect(idleSeconds(later ?? seen(0), at(4_401))).toBe(4_000);
    expect(idleSeconds(seen(0, 10), at(60))).toBe(60);
  });
});

it("a member is seen once a day; what is asked of the table shows nothing of the membership", async () => {
  const sent: { input: Record<string, unknown> }[] = [];
  const own = new Table("table", { send: async (command: never) => void sent.push(command) } as never).of("org_1");
  const membership = { user_id: "usr_1", last_seen_on: "2026-01-01" } as Membership;
  await seeMember(own, membership, at(0));
  expect(sent).toEqual([]);
  await seeMember(own, membership, at(86_400));
  expect(sent).toHaveLength(1);
  expect(sent[0]?.input).toMatchObject({ ReturnValues: "NONE" });
  expect(sent[0]?.input).not.toHaveProperty("ReturnValuesOnConditionCheckFailure");
});
