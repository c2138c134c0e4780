import { describe, expect, it } from "vitest";
import * as z from "zod";
import { changedFields, defineEvents, draft } from "../../../shared/change/events.ts";
import { firstIdAt, idPrefixes, idSchema, newEtag, newId, timeOfId } from "../../../shared/ids.ts";

describe("what an audit entry says of a change", () => {
  it("is which fields differ, with old and new where they are short and no secret", () => {
    const old = {
      name: "a",
      prompt: "x".repeat(300),
      key: "k1",
      tags: ["a"],
      same: 1,
      etag: "1",
      updated_at: "1",
      gone: true,
    };
    const next = { name: "b", prompt: "y", key: "k2", tags: ["b"], same: 1, etag: "2", updated_at: "2", fresh: null };
    expect(changedFields(old, next, { conceal: ["key"] })).toEqual([
      { field: "name", old: "a", new: "b" },
      { field: "prompt" },
      { field: "key" },
      { field: "tags" },
      { field: "gone", old: true, new: null },
      { field: "fresh", old: null, new: null },
    ]);
    expect(changedFields(old, { ...old, etag: "9" })).toEqual([]);
  });
});

describe("an event", () => {
  const events = defineEvents({
    "thing.made": { summary: "", resource: "thing", data: z.strictObject({ thing_id: z.string() }) },
    "thing.moved": { summary: "", resource: "thing", data: z.object({}), audited: false },
  });

  it("carries what its schema says, or is not drafted at all", () => {
    expect(draft(events, "thing.made", { id: "t" }, { thing_id: "t" })).toMatchObject({
      type: "thing.made",
      resource: { type: "thing", id: "t" },
    });
    expect(() => draft(events, "thing.made", { id: "t" }, JSON.parse('{"thing_id":1}'))).toThrow();
    expect([events["thing.made"].audited, events["thing.moved"].audited]).toEqual([true, false]);
  });
});

describe("ids", () => {
  it("sort by the time they were made at, which can be read back from them", () => {
    const times = [0, 1, 31, 32, 1_700_000_000_000, 1_700_000_000_001, 2 ** 47].map((ms) => new Date(ms));
    const ids = times.map((time) => newId("audit", time));
    expect([...ids].sort()).toEqual(ids);
    expect(ids.map((id) => timeOfId(id).getTime())).toEqual(times.map((time) => time.getTime()));
    for (const time of times) {
      expect(firstIdAt("audit", time) <= newId("audit", time)).toBe(true);
      expect(firstIdAt("audit", new Date(time.getTime() + 1)) > newId("audit", time)).toBe(true);
    }
  });

  it("say what they name: no two kinds share a prefix, and each schema takes its own kind only", () => {
    const kinds = Object.keys(idPrefixes) as (keyof typeof idPrefixes)[];
    expect(new Set(Object.values(idPrefixes)).size).toBe(kinds.length);
    for (const kind of kinds) {
      const id = newId(kind, new Date(1));
      expect(kinds.filter((other) => idSchema(other).safeParse(id).success)).toEqual([kind]);
    }
    const id = newId("agent", new Date(1));
    for (const wrong of [`${id}0`, id.slice(0, -1), id.toLowerCase(), `${id}\n`, id.replace("_", "-")])
      expect(idSchema("agent").safeParse(wrong).success, wrong).toBe(false);
  });

  it("and entity tags made in the same millisecond differ", () => {
    const now = new Date(1);
    expect(new Set(Array.from({ length: 1_000 }, () => newId("agent", now))).size).toBe(1_000);
    expect(newEtag(now)).not.toBe(newEtag(now));
  });
});
