import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  csvCell,
  csvHeader,
  csvRow,
  filterIssues,
  looksFor,
  monthAfter,
  monthBefore,
  monthsOf,
} from "../../../functions/audit/model.ts";
import type { AuditEntry } from "../../../shared/change/items.ts";
import { idBounds } from "../../../shared/http/time-range.ts";
import { newId } from "../../../shared/ids.ts";

/** A cell as RFC 4180 reads it back. */
const unquoted = (cell: string) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);

describe("a cell of an export", () => {
  it("reads back as it was, unless a spreadsheet would run it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[=+\-@＝＋－＠\t\r,"\na ]{0,6}$/)), (text) => {
        const cell = csvCell(text);
        const dangerous = /^[=+\-@＝＋－＠\t\r\n]/.test(text);
        expect(unquoted(cell)).toBe(dangerous ? `'${text}` : text);
        expect(unquoted(cell)).not.toMatch(/^[=+\-@＝＋－＠\t\r\n]/);
        if (!cell.startsWith('"')) expect(cell).not.toMatch(/[",\r\n]/);
      }),
    );
  });

  it("stands in a file that spreadsheets read as UTF-8", () => {
    expect(Buffer.from(csvHeader).subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  });

  it("stands in a row with as many others as the header has", () => {
    const entry: AuditEntry = {
      id: "aud_00000000000000000000000001",
      organization_id: "org",
      occurred_at: "2026-01-01T00:00:00.000Z",
      actor: { type: "system", id: "cron" },
      action: "agent.created",
      resource: { type: "agent", id: "agt", name: "@cmd" },
      outcome: "succeeded",
      request: null,
      changes: [{ field: "name", old: null, new: "a,b" }],
      reason: null,
    };
    expect(csvRow(entry)).toBe(
      `aud_00000000000000000000000001,2026-01-01T00:00:00.000Z,system,cron,agent.created,agent,agt,'@cmd,succeeded,,,,,,,"[{""field"":""name"",""old"":null,""new"":""a,b""}]"\r\n`,
    );
    expect(csvHeader.split(",")).toHaveLength(16);
    expect(csvHeader.endsWith("\r\n")).toBe(true);
  });
});

describe("a look for entries", () => {
  const entry = (name: string | undefined, outcome: AuditEntry["outcome"] = "succeeded") => ({
    outcome,
    resource: { type: "agent", id: "agt", ...(name === undefined ? {} : { name }) },
  });

  it("by a name finds every way to write it, in any part", () => {
    const found = ["Crème brûlée", "my CREME  BRULEE agent", "Creme", "", undefined].map((name) =>
      looksFor({ name: "crème Brulee" })(entry(name)),
    );
    expect(found).toEqual([true, true, false, false, false]);
  });

  it("by an outcome and a name finds what has both", () => {
    const look = looksFor({ outcome: "denied", name: "billing" });
    expect([entry("Billing", "denied"), entry("Billing"), entry("Other", "denied")].map(look)).toEqual([
      ...[true, false, false],
    ]);
    expect(looksFor({})(entry(undefined))).toBe(true);
  });
});

describe("months", () => {
  it("follow each other over the turn of the year", () => {
    expect([monthBefore("2026-01"), monthBefore("2026-12"), monthAfter("2025-12")]).toEqual([
      "2025-12",
      "2026-11",
      "2026-01",
    ]);
    const month = fc.record({ y: fc.integer({ min: 1971, max: 2100 }), m: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(month, ({ y, m }) => {
        const text = `${y}-${String(m).padStart(2, "0")}`;
        expect(monthAfter(monthBefore(text))).toBe(text);
        expect(monthBefore(text) < text && text < monthAfter(text)).toBe(true);
      }),
    );
  });

  it("of a range lie between the organization's first and this one", () => {
    const founded = "2025-10-05T00:00:00.000Z";
    const now = new Date("2026-03-10T00:00:00.000Z");
    expect(monthsOf({}, founded, now)).toEqual({ oldest: "2025-10", newest: "2026-03" });
    expect(monthsOf({ from: "1999-01-01T00:00:00Z", to: "2099-01-01T00:00:00Z" }, founded, now)).toEqual(
      monthsOf({}, founded, now),
    );
    expect(monthsOf({ from: "2026-01-01T00:30:00+01:00", to: "2026-01-31T23:30:00-01:00" }, founded, now)).toEqual({
      oldest: "2025-12",
      newest: "2026-02",
    });
  });
});

describe("the bounds of a range", () => {
  it("take in exactly the ids made in it, both ends included", () => {
    const ms = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(
      fc.property(ms, ms, ms, (a, b, at) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const bounds = idBounds("audit", { from: new Date(low).toISOString(), to: new Date(high).toISOString() });
        const id = newId("audit", new Date(at));
        const inside = id >= (bounds.from ?? "") && id <= `${bounds.to}\uffff`;
        expect(inside).toBe(at >= low && at <= high);
      }),
    );
  });
});

describe("filters", () => {
  it("combine with a range of time and with nothing else", () => {
    const range = { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" };
    const one = [{ actor: "user:u" }, { action: "agent.created" }, { resource_type: "agent", resource_id: "a" }];
    for (const filter of one) expect(filterIssues({ ...filter, ...range })).toEqual([]);
    expect(filterIssues({ ...one[0], ...one[1] }).map(({ path }) => path)).toEqual(["query.action"]);
    expect(filterIssues({ ...one[0], ...one[1], ...one[2] }).map(({ path }) => path)).toEqual([
      "query.resource_type",
      "query.action",
    ]);
    expect(filterIssues({ resource_id: "a" }).map(({ path }) => path)).toEqual(["query.resource_type"]);
    expect(filterIssues({ from: range.to, to: range.from }).map(({ path }) => path)).toEqual(["query.from"]);
  });
});
