import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filesOf } from "../../../functions/audit/copies/file.ts";
import { classOf, daysOfClass, keptClasses } from "../../../functions/audit/copies/rules/classes.ts";
import { keyIdsOf, openedLine, type PersonKey, personsOf, sealedLine } from "../../../functions/audit/copies/sealed.ts";
import { type EntryLine, isOfClass, lineText } from "../../../functions/audit/exports/rules/lines.ts";
import { ExportCheck } from "../../../functions/audit/exports/rules/verify.ts";
import { hashOf, leafDataOf } from "../../../functions/audit/tree/rules/evidence.ts";
import { statementOf } from "../../../functions/audit/tree/rules/head.ts";
import { added, type Peak, rootOf } from "../../../functions/audit/tree/rules/merkle.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { auditClasses } from "../../../shared/limits/retention.ts";
import { FOUNDED, memoryKey, ORGANIZATION, someEntry } from "../../support/audit-tree.ts";

const DAY = 86_400;
const at = addSeconds(FOUNDED, DAY);
const keyOf = (user_id: string): PersonKey => ({ key_id: `k_${user_id}`, key: Buffer.alloc(32, user_id) });
const named = (key_id: string) => keyOf(key_id.slice(2));

/** An entry that is kept for so many days, as a line of an export. */
function lineOf(
  i: number,
  days = 400,
  about: { type: string; id: string } = { type: "agent", id: `agt_${i}` },
): EntryLine {
  const { request, ...entry } = someEntry(i);
  const expires_at = addSeconds(new Date(entry.occurred_at), days * DAY).toISOString();
  const whole = { ...entry, request, resource: { ...entry.resource, ...about }, expires_at };
  return { line: "entry", sequence: i, ...whole, leaf_hash: hashOf(leafDataOf(whole)).toString("base64") };
}

/** A part of a tree of these entries, as it is copied. */
function partOf(lines: readonly EntryLine[], { missing = -1 } = {}) {
  const { key, known, signed } = memoryKey();
  const peaks = lines.reduce<Peak[]>(
    (all, { leaf_hash }) => added(all, { level: 0, hash: Buffer.from(leaf_hash ?? "", "base64") }).peaks,
    [],
  );
  const said = {
    organization_id: ORGANIZATION,
    size: lines.length,
    root_hash: rootOf(peaks).toString("base64"),
    signed_at: at.toISOString(),
    key_id: known.key_id,
  };
  const head = { ...said, signature: signed(statementOf(said)).signature };
  const leaves = lines.map(({ line: _, sequence, leaf_hash, ...entry }, i) => ({
    leaf: {
      block: 0,
      sequence: sequence ?? 0,
      audit_id: entry.id,
      entry_expires_at: entry.expires_at,
      evidence: leafDataOf(entry).evidence,
      hashes: [leaf_hash ?? ""],
    },
    // biome-ignore lint/suspicious/noExplicitAny: the fields by which the table finds an entry are of no matter here
    entry: i === missing ? undefined : (entry as any),
  }));
  const setting = { organization_id: ORGANIZATION, start: null, before: [], key: known.pem, at };
  return { key, known, files: filesOf({ first: 0, head, leaves }, { ...setting, keyOf }) };
}

function check(known: ReturnType<typeof memoryKey>["known"], text: string) {
  const checking = new ExportCheck({ key: known });
  for (const line of text.split("\n").filter((one) => one !== "")) checking.take(line);
  return checking.end();
}

describe("the classes of copies", () => {
  it("cover every retention once: an entry is of exactly one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000 }), (days) => {
        const { id, expires_at } = lineOf(1, days);
        const own = keptClasses.filter((keeps) => isOfClass(id, expires_at, keeps));
        expect(own).toEqual([classOf({ id, expires_at })]);
        const longest = auditClasses.at(-1) ?? 0;
        expect(daysOfClass(classOf({ id, expires_at }))).toBe(auditClasses.find((one) => one >= days) ?? longest);
      }),
    );
  });

  it("are the days of what the plans and the product keep", () => {
    expect(auditClasses).toEqual([90, 400, 800, 2_555]);
  });
});

describe("what is about a person in a copy", () => {
  it("is who did it from where, and what it was about where that is a person", () => {
    expect(personsOf(lineOf(3))).toEqual({ actor: "usr_3" });
    expect(personsOf(lineOf(3, 400, { type: "membership", id: "usr_9" }))).toEqual({
      actor: "usr_3",
      subject: "usr_9",
    });
    expect(personsOf({ ...lineOf(3), actor: { type: "system", id: "sweeper" } })).toEqual({});
    expect(personsOf({ ...lineOf(3), actor: { type: "user", id: "erased" } })).toEqual({});
  });

  it("can be read with their key only, and comes back as it was", () => {
    for (let i = 0; i < 30; i++) {
      const line = lineOf(i, 400, i % 2 === 0 ? { type: "user", id: `usr_${i}` } : { type: "agent", id: "agt_1" });
      const sealed = sealedLine(line, keyOf);
      const text = JSON.stringify(sealed);
      const persons = Object.values(personsOf(line));
      expect(persons.filter((id) => text.includes(`"${id}"`))).toEqual([]);
      expect(text).not.toContain("203.0.113.7");
      expect(new Set(keyIdsOf(sealed))).toEqual(new Set(persons.map((id) => `k_${id}`)));
      expect(hashOf(leafDataOf(sealed)).toString("base64")).toBe(line.leaf_hash);
      const opened = openedLine(sealed, named);
      const { erased: _, ...rest } = opened;
      expect([rest, opened.erased]).toEqual([line, {}]);
      expect(openedLine(sealed, () => undefined)).toEqual({ ...sealed, sealed: undefined });
    }
  });

  it("does not open in another entry, nor under another's key", () => {
    const [one, other] = [sealedLine(lineOf(1), keyOf), sealedLine(lineOf(8), keyOf)];
    expect(() => openedLine({ ...one, sealed: other.sealed }, named)).toThrow();
    expect(() => openedLine(one, () => ({ key_id: "k", key: Buffer.alloc(32, 7) }))).toThrow();
  });
});

describe("a copy of a part of the log", () => {
  const lines = [lineOf(0, 90), lineOf(1), lineOf(2, 2_555, { type: "user", id: "usr_5" }), lineOf(3), lineOf(4, 90)];

  it("is one file for each class, and each is proved by itself, as it lies and opened", () => {
    const { known, files } = partOf(lines);
    expect(files.map(({ kept_days, entries }) => [kept_days, entries.length])).toEqual([
      [90, 2],
      [400, 2],
      [2_555, 1],
    ]);
    for (const { text, entries } of files) {
      const found = check(known, text);
      expect([found.entries, found.elsewhere]).toEqual([entries.length, lines.length - entries.length]);
      expect(found.sealed).toBe(found.erased);
      expect(found.sealed).toBeGreaterThan(0);
      const opened = text.split("\n").map((line) => {
        if (!line.startsWith('{"line":"entry"')) return `${line}\n`;
        return lineText(openedLine(JSON.parse(line), named));
      });
      expect(check(known, opened.join(""))).toMatchObject({ entries: entries.length, erased: 0, sealed: 0 });
    }
  });

  it("that lacks an entry, moves one or changes what is encrypted beside it is refused, or opens no more", () => {
    const { known, files } = partOf(lines);
    const [first] = files;
    const all = first?.text.trimEnd().split("\n") ?? [];
    const swapped = [all[0], all[2], all[1], ...all.slice(3)];
    expect(() => check(known, swapped.join("\n"))).toThrow("has its place");
    expect(() => check(known, all.slice(0, -1).join("\n"))).toThrow("more are missing");
    const hidden = all.map((line) => line.replace('"line":"entry"', '"line":"leaf"'));
    expect(() => check(known, hidden.join("\n"))).toThrow("has a wrong");
    const claimed = files[1]?.text.replace('"over":90,"up_to":400', '"over":400,"up_to":800') ?? "";
    expect(() => check(known, claimed)).toThrow("is of another class than the copy's");
  });

  it("cannot pass an entry of its class off as one of another", () => {
    const { known, files } = partOf(lines);
    const [, text = ""] = files.map((file) => file.text);
    const forged = text.split("\n").map((line) => {
      if (!line.includes('"sequence":1,')) return line;
      const { id, expires_at, leaf_hash, ...entry } = JSON.parse(line);
      const { evidence } = leafDataOf({ ...entry, id, expires_at });
      return JSON.stringify({ line: "leaf", sequence: 1, why: "elsewhere", id, expires_at, evidence, leaf_hash });
    });
    expect(() => check(known, forged.join("\n"))).toThrow("leaves out an entry of the copy's class");
  });

  it("says what is not there, whatever it was", () => {
    const { known, files } = partOf([lineOf(0), lineOf(1)], { missing: 1 });
    expect(() => check(known, files[0]?.text ?? "")).toThrow("is missing before its end");
  });
});

describe("an export", () => {
  it("has no encrypted parts", () => {
    const { known, files } = partOf([lineOf(0)]);
    const text = files[0]?.text.replace(/,"keeps":\{[^}]*\}/, "") ?? "";
    expect(() => check(known, text)).toThrow("has encrypted parts, as only a copy has them");
  });
});
