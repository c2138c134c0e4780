import { describe, expect, it } from "vitest";
import { idleSeconds, SEEN_SECONDS, seenNow } from "../../../shared/access/seen.ts";

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
