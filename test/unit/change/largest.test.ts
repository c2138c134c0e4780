import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type AccessRights, accessProofs } from "../../../shared/access/operator-access.ts";
import { changeWrites, MOST_ACCESS_PROOFS, SMALL_CHANGE } from "../../../shared/change/commit.ts";
import { defineEvents, draft } from "../../../shared/change/events.ts";
import { defineItem } from "../../../shared/dynamo/item.ts";
import { Table } from "../../../shared/dynamo/table.ts";

const events = defineEvents({
  "part.made": { summary: "A part was made.", resource: "part", data: z.object({}) },
});
const part = defineItem({
  type: "test_part",
  summary: "Made up.",
  schema: z.object({ id: z.string() }),
  key: { pk: "", sk: "PART#{id}" },
});
const table = new Table("table", {} as never);
const context = {
  tenant: "org_1",
  actor: { type: "system", id: "test" } as const,
  at: new Date("2026-01-01T00:00:00.000Z"),
  trace_id: "t",
  request: null,
  audit_days: 400,
};
const change = (parts: number, largest?: number) => ({
  writes: Array.from({ length: parts }, (_, i) => table.of("org_1").writes.put(part, { id: String(i) })),
  events: [draft(events, "part.made", { id: "a" }, {})] as const,
  ...(largest === undefined ? {} : { largest }),
});
/** Event, audit entry and stored answer. */
const BESIDES = 3;

describe("a change", () => {
  it("is as large as it states at most, its events, audit entries and stored answer included", () => {
    expect(changeWrites(table, context, change(60 - BESIDES, 60))).toHaveLength(59);
    expect(() => changeWrites(table, context, change(61 - BESIDES, 60))).toThrow(
      "a change of 60 items states 60 as its largest: audit_entry 1, event 1, test_part 58",
    );
  });

  it("that states nothing is small", () => {
    expect(changeWrites(table, context, change(SMALL_CHANGE - BESIDES))).toHaveLength(SMALL_CHANGE - 1);
    expect(() => changeWrites(table, context, change(SMALL_CHANGE - BESIDES + 1))).toThrow("states 25 as its largest");
  });

  it("that states more than a transaction takes is none, however small it is today", () => {
    expect(() => changeWrites(table, context, change(1, 101))).toThrow("a change of up to 101 items is no transaction");
  });

  it("leaves room for all that an operator's access proves", () => {
    const [asked_by, approved_by] = [{ user_id: "usr_1" }, { user_id: "usr_2" }];
    const rights = { access: { id: "oac_1", asked_by, approved_by } } as AccessRights;
    expect(accessProofs(table, rights, context.at)).toHaveLength(MOST_ACCESS_PROOFS);
    const operated = { ...context, actor: { type: "operator", id: "usr_1", access_id: "oac_1" } } as const;
    const most = 100 - MOST_ACCESS_PROOFS;
    expect(changeWrites(table, operated, change(1, most))).toHaveLength(3);
    expect(() => changeWrites(table, operated, change(1, most + 1))).toThrow("is no transaction");
    expect(changeWrites(table, context, change(1, 100))).toHaveLength(3);
  });

  it("of a list of things states its size wherever it is committed", () => {
    const growing = /\.\.\.(placeWrites|workspaceWrites|replaceParts|agentWrites|releaseAgents|subscriptionWrites)\(/;
    const files = globSync("functions/**/*.ts").filter((file) => {
      const text = readFileSync(file, "utf8");
      return growing.test(text) && /\.commit\(|commitChange\(/.test(text);
    });
    expect(files.length).toBeGreaterThan(5);
    // Registration makes one workspace with one member.
    for (const file of files.filter((name) => !name.includes("/auth/")))
      expect(readFileSync(file, "utf8"), file).toMatch(/largest: LARGEST/);
  });
});
