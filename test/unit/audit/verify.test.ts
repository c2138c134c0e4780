import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadExport, type Checking, ExportCheck, exitCodeOf } from "../../../functions/audit/exports/rules/verify.ts";
import { commitmentsOf, ERASED } from "../../../functions/audit/tree/rules/evidence.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { exportOf, FOUNDED, memoryKey } from "../../support/audit-tree.ts";
import { thorough } from "../../support/thorough.ts";

const keys = memoryKey();
const checkpoints = [10, 20, 33];
/** The shape that all mutations begin with; its expired ones are those whose time is over. */
const late = new Date("2027-11-30T00:00:00.000Z");
const whole = exportOf(40, { checkpoints, expired: [0, 1, 7], keys, at: late });
/** One of a range of time, with leaves before and behind it: three days of ten, an entry every six hours. */
const inDays = (days: number) => addSeconds(FOUNDED, days * 86_400);
const range = { from: inDays(3), to: inDays(6) };
const some = exportOf(40, { keys, every: 6 * 3_600, at: inDays(10), range });

function verdict(lines: readonly string[], more: Partial<Checking> = {}) {
  const check = new ExportCheck({ key: keys.known, ...more });
  try {
    for (const line of lines) check.take(line);
    return check.end();
  } catch (error) {
    if (error instanceof BadExport) return `${error.line}: ${error.message}`;
    throw error;
  }
}

const changed = (at: number, change: (line: Record<string, unknown>) => object, lines = whole.lines) =>
  lines.map((line, i) => (i === at ? JSON.stringify(change(JSON.parse(line))) : line));
/** An export without the leaves before one and from another on, whose first line says that these are all. */
function cut(from: typeof whole, one: { readonly start: number; readonly end: number }): string[] {
  const [start, end] = [Math.min(one.start, one.end), Math.max(one.start, one.end)];
  const [first, ...body] = from.lines;
  const { size } = JSON.parse(first ?? "").head;
  const header = from.forgedHeader({
    start: start === 0 ? null : (from.heads[start] ?? null),
    end: end === size ? null : (from.heads[end] ?? null),
  });
  const kept = body.filter((line) => {
    const { sequence, head } = JSON.parse(line);
    return head === undefined ? sequence >= start && sequence < end : head.size > start && head.size <= end;
  });
  // The last head that is due within what is left is the last one that is promised.
  const within = checkpoints.filter((at) => at > start && at <= end);
  const promised = (line: string) => {
    const said = JSON.parse(line);
    return "checkpoint" in said && said.checkpoint !== null && !within.includes(said.checkpoint)
      ? JSON.stringify({ ...said, checkpoint: null })
      : line;
  };
  return [header, ...kept].map(promised);
}
const lineOf = (sequence: number) =>
  whole.lines.findIndex((line) => JSON.parse(line).sequence === sequence && line.includes('"sequence"'));

describe("an export as it left", () => {
  it("is proved, line by line", () => {
    expect(verdict(whole.lines)).toMatchObject({ entries: 37, expired: 3, outside: 0, unproved: 0 });
    for (const count of [0, 1, 2, 3])
      expect(verdict(exportOf(count, { keys }).lines)).toMatchObject({ entries: count });
  });

  it("goes on from every head that a witness has kept", () => {
    for (const earlier of whole.heads) expect(verdict(whole.lines, { earlier })).toMatchObject({ entries: 37 });
  });

  it("may end with entries that have no number yet, which are told apart", () => {
    const { sequence: _, leaf_hash: __, ...entry } = JSON.parse(whole.lines.at(-1) ?? "");
    const { line, ...rest } = entry;
    const fresh = JSON.stringify({ line, sequence: null, ...rest, leaf_hash: null });
    expect(verdict([...whole.lines, fresh])).toMatchObject({ unproved: 1, first_unproved: whole.lines.length + 1 });
    expect(verdict([...whole.lines.slice(0, 5), fresh, ...whole.lines.slice(5)])).toBe(
      "6: has no number where one is due",
    );
  });
});

describe("an export that was changed", () => {
  it("has its line named, with what is wrong", () => {
    const at = lineOf(5);
    expect(verdict(changed(at, (line) => ({ ...line, outcome: "denied" })))).toBe(
      `${at + 1}: does not say what stands in the tree for it`,
    );
    expect(verdict(changed(at, (line) => ({ ...line, note: "x" })))).toMatch(
      new RegExp(`^${at + 1}: has a wrong field`),
    );
    expect(verdict(whole.lines.map((line, i) => (i === at ? line.replace('{"line"', '{ "line"') : line)))).toBe(
      `${at + 1}: is not written as an export writes it`,
    );
    expect(verdict(whole.lines.filter((_, i) => i !== at))).toBe(`${at + 1}: has the number 6 where 5 has its place`);
    expect(verdict(whole.lines.slice(0, -1))).toBe(
      `${whole.lines.length - 1}: is the last line, and 1 more are missing after it`,
    );
    expect(verdict([])).toBe("0: has no line");
  });

  it("together with the hash of its line is found at the next head", () => {
    const forged = exportOf(40, { checkpoints, keys });
    const at = lineOf(12);
    const lines = whole.lines.map((line, i) => (i === at ? (forged.lines[at] ?? "") : line));
    expect(verdict(lines)).toBe(
      "23: ends lines that make another tree than was signed: one from line 13 on was changed",
    );
  });

  it("leaves out nothing before its end", () => {
    const entry = JSON.parse(whole.lines[lineOf(30)] ?? "");
    const other = exportOf(40, { keys, expired: [30] });
    const later = exportOf(40, { keys, expired: [30], at: late });
    const line = JSON.parse(other.lines[31] ?? "");
    expect([entry.sequence, line.line, line.sequence]).toEqual([30, "leaf", 30]);
    // Whenever that is looked at: an export does not empty itself as it gets old.
    expect(verdict(other.lines)).toBe(`32: leaves out an entry before its end, ${line.expires_at}`);
    expect(verdict(later.lines)).toMatchObject({ entries: 39, expired: 1 });
    const missing = changed(31, (said) => ({ ...said, why: "missing" }), later.lines);
    expect(verdict(missing)).toMatch(/^32: says that the entry aud_\w+ is missing before its end/);
    const outside = changed(31, (said) => ({ ...said, why: "outside" }), later.lines);
    expect(verdict(outside)).toBe("32: leaves out an entry of the export's time");
  });

  it("begins and ends where it says that it does", () => {
    expect(verdict(some.lines)).toMatchObject({ first: 12, next: 33, entries: 13, outside: 8, ahead: false });
    const [header = "", ...body] = some.lines;
    const { start, end } = JSON.parse(header);
    expect([start.size, end.size]).toEqual([12, 33]);
    const as = (bounds: object) => [some.forgedHeader({ start, end, ...bounds }), ...body].slice(0, -1);
    expect(verdict(as({ end: some.heads[32] }))).toMatch(/^1: leaves out the entries from 32 on/);
    expect(verdict(as({ start: some.heads[13] }))).toMatch(/^1: leaves out the first 13 entries/);
    expect(verdict(as({ start: some.heads[34] }))).toBe("1: names leaves that the head does not have");
    const moved = { ...some.heads[32], signed_at: end.signed_at };
    expect(verdict(as({ end: moved }))).toBe("1: has a head that this key has not signed");
    expect(
      verdict(changed(0, (line) => ({ ...line, before: [...Array(2)].map(() => start.root_hash) }), some.lines)),
    ).toBe("1: ends lines that make another tree than was signed: one from line 1 on was changed");
    const all = (bounds: { start?: object; end?: object }) => [
      whole.forgedHeader({ start: null, end: null, ...(bounds as object) }),
      ...whole.lines.slice(1),
    ];
    expect(verdict(all({ start: whole.heads[10] ?? {} }))).toMatch(/^1: leaves out the first 10 entries/);
    expect(verdict(all({ end: whole.heads[20] ?? {} }))).toMatch(/^1: leaves out the entries from 20 on/);
  });

  it("of nothing at all, or of a time that its head does not know, is told apart", () => {
    const empty = changed(0, (line) => ({ ...line, head: null, checkpoint: null })).slice(0, 1);
    const nothing = verdict(empty);
    expect(nothing).toMatchObject({ first: 0, next: 0, ahead: true });
    const open = verdict(exportOf(40, { keys, at: inDays(1), range: { to: inDays(1.5) } }).lines);
    expect(open).toMatchObject({ entries: 40, ahead: true });
    const known = verdict(exportOf(40, { keys, at: inDays(2), range: { to: inDays(1.5) } }).lines);
    expect(known).toMatchObject({ entries: 40, ahead: false });
    for (const [found, code] of [
      [nothing, 3],
      [open, 3],
      [known, 0],
    ] as const)
      expect(typeof found === "object" && exitCodeOf(found)).toBe(code);
  });

  it("has times for its range, the first before the last", () => {
    const from = (time: unknown) => verdict(changed(0, (line) => ({ ...line, from: time }), some.lines));
    expect(from(`${range.from.toISOString()} `)).toMatch(/^1: has a wrong from/);
    expect(from("yesterday")).toMatch(/^1: has a wrong from/);
    expect(from(inDays(7).toISOString())).toBe("1: begins after its end");
  });

  it("says how much of it is blank, whoever has blanked it, and takes no text in a blank", () => {
    const at = lineOf(5);
    const { line: _, sequence: __, leaf_hash, ...entry } = JSON.parse(whole.lines[at] ?? "");
    const { actor } = commitmentsOf(entry);
    const blank = (more: object = {}) =>
      changed(at, (line) => ({
        ...line,
        ...ERASED.actor,
        salts: { subject: entry.salts.subject },
        erased: { actor },
        ...more,
      }));
    const found = verdict(blank());
    expect(found).toMatchObject({ entries: 37, erased: 1, first_erased: at + 1 });
    expect(typeof found === "object" && exitCodeOf(found)).toBe(4);
    expect(verdict(whole.lines)).toMatchObject({ erased: 0, first_erased: null });
    const said = `${at + 1}: says something in the place of its actor, which was erased`;
    expect(verdict(blank({ salts: entry.salts }))).toBe(said);
    expect(verdict(blank({ actor: entry.actor }))).toBe(said);
    expect(verdict(blank({ erased: { actor: "nobody" } }))).toMatch(new RegExp(`^${at + 1}: has a wrong erased.actor`));
  });

  it("says nothing beside what stands in its leaf", () => {
    const at = lineOf(5);
    const line = whole.lines[at] ?? "";
    const proto = line.replace('"resource":{', '"resource":{"__proto__":{"name":"x"},');
    expect(verdict(whole.lines.map((one, i) => (i === at ? proto : one)))).toMatch(
      new RegExp(`^${at + 1}: has a wrong resource`),
    );
    // A key is filled up with zeros before anything is hashed with it: these make the same.
    const { salts } = JSON.parse(line);
    expect(verdict(changed(at, (one) => ({ ...one, salts: { ...salts, actor: `${salts.actor}\0` } })))).toMatch(
      new RegExp(`^${at + 1}: has a wrong salts.actor`),
    );
  });

  it("is no older one that is shown again, no fork, and no other organization's or key's", () => {
    const older = exportOf(30, { keys });
    expect(verdict(older.lines, { earlier: older.heads[30] })).toMatchObject({ entries: 30 });
    expect(verdict(older.lines, { earlier: whole.heads[35] })).toBe(
      "1: is older than your head: it has 30 entries, your head 35",
    );
    expect(verdict(older.lines, { earlier: whole.heads[30] })).toMatch(/^31: shows a fork/);
    expect(verdict(older.lines, { earlier: whole.heads[12] })).toMatch(/^13: shows a fork/);
    expect(verdict(exportOf(3).lines)).toBe("1: names another key than the one that is believed");
    const foreign = changed(0, (line) => ({ ...line, organization_id: "org_01JDQ4X0Z5V8W3N7K2M9R6T1BD" }));
    expect(verdict(foreign)).toBe("1: has a head of another organization");
  });

  it("is never taken for what left: flips, drops, swaps, insertions, cuts, heads of before", () => {
    const { length } = whole.lines;
    const line = fc.integer({ min: 0, max: length - 1 });
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant("flip" as const), at: line, byte: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) }),
      fc.record({ kind: fc.constant("drop" as const), at: line, count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant("swap" as const), at: line, other: line }),
      fc.record({ kind: fc.constant("copy" as const), at: line, other: line }),
      fc.record({ kind: fc.constant("insert" as const), at: line, other: line }),
      fc.record({
        kind: fc.constant("cut" as const),
        start: fc.integer({ min: 0, max: 40 }),
        end: fc.integer({ min: 0, max: 40 }),
      }),
      fc.record({ kind: fc.constant("head" as const), size: fc.integer({ min: 0, max: 39 }) }),
    );
    type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never;
    const other = exportOf(40, { checkpoints, expired: [0, 1, 7], keys, at: late });
    const mutated = (one: Mutation): string[] => {
      const lines = [...whole.lines];
      if (one.kind === "flip") {
        const bytes = Buffer.from(lines[one.at] ?? "");
        const place = one.byte % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ (1 << one.bit);
        lines[one.at] = bytes.toString();
      } else if (one.kind === "drop") lines.splice(one.at, one.count);
      else if (one.kind === "swap") [lines[one.at], lines[one.other]] = [lines[one.other] ?? "", lines[one.at] ?? ""];
      else if (one.kind === "copy") lines.splice(one.at, 0, lines[one.other] ?? "");
      else if (one.kind === "cut") return cut(whole, one);
      else if (one.kind === "insert") lines[one.at] = other.lines[one.other] ?? "";
      else lines[0] = JSON.stringify({ ...JSON.parse(lines[0] ?? ""), head: whole.heads[one.size] });
      return lines;
    };
    fc.assert(
      fc.property(mutation, (one) => {
        const lines = mutated(one);
        fc.pre(lines.join("\n") !== whole.lines.join("\n"));
        expect(verdict(lines)).toEqual(expect.stringMatching(/^\d+: /));
      }),
      { numRuns: thorough ? 10_000 : 1_000 },
    );
  });

  it("has no leaf less than its range takes, wherever it is cut", () => {
    for (let start = 0; start <= 40; start++)
      for (let end = start; end <= 40; end++) {
        const found = verdict(cut(some, { start, end }));
        // Whatever has a leaf more at either end has them all.
        if (start <= some.first && end >= some.next) continue;
        expect([start, end, found]).toEqual([start, end, expect.stringMatching(/^\d+: /)]);
      }
  });
});
