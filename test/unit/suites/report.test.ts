import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { expect, it } from "vitest";
import { passRateOf, type Result } from "../../../functions/suites/model.ts";
import { junitOf } from "../../../functions/suites/rules/report.ts";

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
  expect(passRateOf({ passed: 0, failed: 0, errors: 0 })).toBe(null);
  expect(passRateOf({ passed: 1, failed: 1, errors: 1 })).toBe(0.3333);
  expect(passRateOf({ passed: 499_999, failed: 1, errors: 0 })).toBe(0.9999);
});
