import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { eventDefinition, eventTypes } from "../../../functions/events.ts";
import { envelope } from "../../../shared/change/commit.ts";
import { defineEvents, draft, EVENT_DATA_BYTES, EventTooLarge } from "../../../shared/change/events.ts";

const events = defineEvents({
  "thing.made": { summary: "A thing was made.", resource: "thing", data: z.object({ text: z.string() }) },
  "thing.moved": { summary: "A thing was moved.", resource: "thing", data: z.object({}), version: 3 },
});
const context = {
  tenant: "org_1",
  actor: { type: "system", id: "test" } as const,
  at: new Date("2026-01-01T00:00:00.000Z"),
  trace_id: "t",
  request: null,
  audit_days: 400,
};

describe("an event", () => {
  it("of more than 64 KB of data is refused when it is drafted, and says what to do; any other is drafted", () => {
    const text = fc
      .tuple(fc.constantFrom("x", '"', "é", "😀", "\n"), fc.integer({ min: 0, max: 70_000 }))
      .map(([letter, times]) => letter.repeat(times));
    fc.assert(
      fc.property(text, (value) => {
        const make = () => draft(events, "thing.made", { id: "a" }, { text: value });
        if (Buffer.byteLength(JSON.stringify({ text: value })) <= EVENT_DATA_BYTES)
          expect(make().data.text).toBe(value);
        else expect(make).toThrow(EventTooLarge);
      }),
      { numRuns: 50 },
    );
    expect(() => draft(events, "thing.made", { id: "a" }, { text: "x".repeat(EVENT_DATA_BYTES) })).toThrow(
      "thing.made: its data have 65547 bytes, an event takes 65536; put ids in it, not contents",
    );
  });

  it("carries the version of its type, which is 1 where none is told", () => {
    expect(envelope(context, draft(events, "thing.made", { id: "a" }, { text: "" })).version).toBe(1);
    expect(envelope(context, draft(events, "thing.moved", { id: "a" }, {})).version).toBe(3);
    for (const type of eventTypes) expect(eventDefinition(type)?.version, type).toBeGreaterThanOrEqual(1);
  });
});
