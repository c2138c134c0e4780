import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { passRateOf, type Result } from "../../../functions/suites/model.ts";
import { standsForNothing } from "../../../functions/suites/rules/recorded.ts";
import { junitOf, MOST_REPORT_BYTES, reportedOf } from "../../../functions/suites/rules/report.ts";

const result = (index: number, more: Partial<Result> = {}): Result => ({
  suite_run_id: "sur_1",
  index,
  case_id: "cas_1",
  name: `case ${index}`,
  tags: [],
  outcome: "passed",
  run_id: "run_1",
  judge_run_ids: [],
  error: null,
  assertions: [],
  cost_usd_micros: 0,
  judge_cost_usd_micros: 0,
  latency_ms: 1_500,
  finished_at: "2026-01-31T12:00:00.000Z",
  ...more,
});

const report = (plan: readonly string[], results: readonly Result[], suite_name = "Suite") =>
  junitOf({
    suite_run_id: "sur_1",
    suite_name,
    kind: "pipeline",
    target_id: "pip_1",
    version: 3,
    created_at: "2026-01-31T12:00:00.000Z",
    plan: plan.map((name, i) => ({ id: `cas_${i}`, name })),
    results,
  });

const parse = (text: string) => {
  const problems: string[] = [];
  const root = new DOMParser({
    onError: (level, message) => level !== "warning" && problems.push(message),
  }).parseFromString(text, "text/xml").documentElement;
  if (root === null || problems.length > 0) throw new Error(problems.join());
  return root;
};

it("a report has a test case for each case of the job, and says of each what became of it", () => {
  const checked = { kind: "equals", passed: false, message: "is not equal", expected: '"<a>"', actual: '"b&"' };
  const root = parse(
    report(
      ["good", "bad", "none", "left", "never"],
      [
        result(0),
        result(1, { outcome: "failed", assertions: [checked] }),
        result(2, { outcome: "error", error: { code: "conflict", message: "No." }, run_id: null, latency_ms: null }),
        result(3, { outcome: "skipped", error: { code: "cancelled", message: "The job was cancelled." } }),
      ],
    ),
  );
  const counts = ["tests", "failures", "errors", "skipped", "time"].map((name) => root.getAttribute(name));
  expect(counts).toEqual(["5", "1", "1", "2", "4.500"]);
  const cases = Array.from(root.getElementsByTagName("testcase"));
  expect(cases.map((one) => [one.getAttribute("name"), one.getElementsByTagName("*")[0]?.tagName])).toEqual([
    ["good", "system-out"],
    ["bad", "failure"],
    ["none", "error"],
    ["left", "skipped"],
    ["never", "skipped"],
  ]);
  expect(root.getElementsByTagName("failure")[0]?.textContent).toBe(
    'equals: is not equal\n  expected: "<a>"\n  actual: "b&"',
  );
});

it("whatever texts people write, the report is well-formed and says them again, but for what XML has no place for", () => {
  // The parser itself warns of U+FFFD, which stands for what was left out.
  const text = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(
    fc.property(text, text, (name, message) => {
      const checked = { kind: "equals", passed: false, message, expected: null, actual: message };
      const root = parse(report([name], [result(0, { outcome: "failed", assertions: [checked] })], name));
      const kept = /^[\t\n -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
      if (kept.test(name)) expect(root.getAttribute("name")).toBe(name);
    }),
  );
});

it("the pass rate counts errors as not passed, and is never rounded up to all", () => {
  expect(passRateOf({ passed: 0, failed: 0, errors: 0, never_began: 0 })).toBe(null);
  expect(passRateOf({ passed: 1, failed: 1, errors: 1, never_began: 0 })).toBe(0.3333);
  expect(passRateOf({ passed: 499_999, failed: 1, errors: 0, never_began: 0 })).toBe(0.9999);
});

it("a case whose run never began says nothing of the pass rate", () => {
  expect(passRateOf({ passed: 3, failed: 1, errors: 5, never_began: 5 })).toBe(0.75);
  expect(passRateOf({ passed: 0, failed: 0, errors: 2, never_began: 2 })).toBe(null);
});

describe("a report that would be too large for an answer", () => {
  // What takes most: each sign is escaped in the report, and again in the answer.
  const long = (n: number) => '"\u0001&'.repeat(n).slice(0, n);
  const name = '"'.repeat(120);
  const checked = { kind: "equals", passed: false, message: long(1_000), expected: long(1_000), actual: long(1_000) };
  const worst = (index: number, outcome: "failed" | "error") =>
    result(index, {
      name,
      tags: Array.from({ length: 50 }, () => '"'.repeat(64)),
      outcome,
      error: outcome === "error" ? { code: "undecided", message: long(20_000) } : null,
      assertions: Array.from({ length: 20 }, () => (outcome === "error" ? { ...checked, passed: null } : checked)),
    });
  const results = Array.from({ length: 500 }, (_, i) => worst(i, i % 5 === 0 ? "error" : "failed"));
  const bytes = (text: string) => Buffer.byteLength(JSON.stringify(text));

  it("says so, and tells of every case at least how it begins", () => {
    const told = reportedOf(results);
    expect(bytes(JSON.stringify(told))).toBeLessThan(MOST_REPORT_BYTES + 100_000);
    expect(told.results).toHaveLength(500);
    expect(told.shortened).toBeGreaterThan(0);
    expect(told.shortened).toBeLessThan(500);
    expect(told.results[0]?.assertions).toHaveLength(5);
    expect(told.results.at(-1)).toMatchObject({ name, outcome: "failed", assertions_failed: 20, tags: [] });
    expect(told.results.at(-1)?.assertions).toEqual([{ ...checked, message: long(100), expected: null, actual: null }]);
  });

  it("does so in XML too", () => {
    const text = report(
      results.map(() => name),
      results,
      name,
    );
    expect(bytes(text)).toBeLessThan(MOST_REPORT_BYTES + 100_000);
    const root = parse(text);
    expect(root.getElementsByTagName("failure")).toHaveLength(400);
    expect(root.getElementsByTagName("error")).toHaveLength(100);
    const [shortened] = Array.from(root.getElementsByTagName("property")).filter(
      (one) => one.getAttribute("name") === "shortened",
    );
    expect(Number(shortened?.getAttribute("value"))).toBeGreaterThan(0);
  });

  it("and one that fits is whole", () => {
    const told = reportedOf(results.slice(0, 5));
    expect(told).toMatchObject({ shortened: 0, results: [{ tags: { length: 50 } }, {}, {}, {}, {}] });
    expect(report(["one"], [result(0)])).not.toContain("shortened");
  });
});

it("a run of one node alone, of a draft, or one that met faults stands for nothing", () => {
  const test = { node_id: null, draft: false, faults: {} };
  expect([null, test].map(standsForNothing)).toEqual([undefined, undefined]);
  const fault = { kind: "timeout", attempts: 1 } as never;
  const others = [
    { ...test, node_id: "make" },
    { ...test, draft: true },
    { ...test, faults: { make: fault } },
  ];
  expect(others.map(standsForNothing)).toEqual([
    "is a test of one node alone",
    "is a test of a draft",
    "is a test that was made to meet faults",
  ]);
});
