import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { begunStep } from "../../../functions/runs/engine/records.ts";
import { stepOf } from "../../../functions/runs/log/views.ts";
import type { RunStep, StoredRun } from "../../../functions/runs/store.ts";
import { durationText, timelineSvg } from "../../../functions/runs/timeline/rules/svg.ts";
import { timelineOf as timelineOfViews } from "../../../functions/runs/timeline/rules/timeline.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";

const ZERO = new Date("2026-05-01T10:00:00.000Z");
const at = (seconds: number) => timestamp(addSeconds(ZERO, seconds));

const run = (more: Partial<StoredRun>): StoredRun => ({
  id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  kind: "pipeline",
  mode: "test",
  status: "completed",
  target_id: "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  pinned: { pipeline_id: "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC", revision: 1, agents: {}, pipelines: {} },
  metadata: {},
  budget: null,
  labels: [],
  started_by: { type: "user", id: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" },
  parent_run_id: null,
  called_by: null,
  depth: 1,
  retry_of_run_id: null,
  recorded_run_id: null,
  test: null,
  root_run_id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  allowance: 50,
  seed_run_id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  trace_id: "t",
  parent_span_id: null,
  trace_sampled: true,
  trace_state: null,
  error: null,
  timeout_seconds: 600,
  kept_days: 30,
  audit_days: 400,
  created_at: at(0),
  started_at: at(0.5),
  finished_at: at(20),
  deadline_at: at(600),
  expires_at: at(9_999_999),
  ...more,
});

const step = (node_id: string, more: Partial<RunStep>): RunStep => ({
  ...begunStep({ id: "run_1", expires_at: "" }, { id: node_id, node: undefined } as never, more.attempt ?? 1, ZERO),
  status: "completed",
  kind: "agent",
  ...more,
});

const timelineOf = (steps: readonly RunStep[], run: StoredRun, now: Date) =>
  timelineOfViews(
    steps.map((one) => stepOf(one, run)),
    run,
    now,
  );

const steps = [
  step("write", { attempt: 2, started_at: at(8), finished_at: at(10) }),
  step("write", { attempt: 1, status: "failed", started_at: at(1), finished_at: at(3), retry_in_ms: 5_000 }),
  step("in", { kind: "input", started_at: at(0.5), finished_at: at(0.5) }),
  step("left", { kind: "transform", status: "skipped", started_at: null, finished_at: at(1) }),
  step("pause", { kind: "wait", started_at: at(10), finished_at: at(18), waits_for: "time" }),
];

describe("a run's timeline", () => {
  it("says when each attempt worked and waited, in the order in which they began; skipped steps are left out", () => {
    const { items, ...of } = timelineOf(steps, run({}), ZERO);
    expect(of).toEqual({ run_id: run({}).id, status: "completed", queued_ms: 500, total_ms: 20_000 });
    expect(items.map(({ node_id, attempt, work, wait }) => [node_id, attempt, work, wait])).toEqual([
      ["in", 1, { start_ms: 500, end_ms: 500 }, null],
      ["write", 1, { start_ms: 1_000, end_ms: 3_000 }, null],
      ["write", 2, { start_ms: 8_000, end_ms: 10_000 }, { for: "retry", start_ms: 3_000, end_ms: 8_000 }],
      ["pause", 1, null, { for: "time", start_ms: 10_000, end_ms: 18_000 }],
    ]);
  });

  it("goes until now while the run goes on, and until its end for what was cut off", () => {
    const open = [step("a", { status: "running", started_at: at(1), finished_at: null })];
    const live = timelineOf(open, run({ status: "running", finished_at: null }), addSeconds(ZERO, 5));
    expect(live).toMatchObject({ total_ms: 5_000, items: [{ status: "running", work: { end_ms: 5_000 } }] });
    const cut = timelineOf(open, run({ status: "stopped" }), addSeconds(ZERO, 99));
    expect(cut).toMatchObject({ total_ms: 20_000, items: [{ status: "stopped", work: { end_ms: 20_000 } }] });
  });

  it("is drawn as one XML document in which nothing runs, leads or loads, whatever it is of", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
    const one = fc.record({ name, kind: name, from: fc.nat(40_000), took: fc.nat(90_000), status: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), fc.nat(100_000), (list, total) => {
        const drawn = list.map(({ name, kind, from, took, status }) =>
          step(name, {
            kind,
            status: (["completed", "failed", "running"] as const)[status] ?? "completed",
            started_at: at(from / 1_000),
            finished_at: status === 2 ? null : at((from + took) / 1_000),
          }),
        );
        const data = timelineOf(drawn, run({ finished_at: at(total / 1_000) }), ZERO);
        const svg = timelineSvg(data, { title: "<script>", caption: '"&' }, "auto");
        const faults: string[] = [];
        const document = new DOMParser({
          onError: (level, message) => level !== "warning" && faults.push(message),
        }).parseFromString(svg, "image/svg+xml");
        expect(faults).toEqual([]);
        const names = [...new Set([...document.getElementsByTagName("*")].map(({ tagName }) => tagName))];
        expect(names.filter((tag) => !DRAWN.has(tag))).toEqual([]);
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        expect(document.getElementsByTagName("g").length).toBe(data.items.length);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [3_249, "3.2 s"],
    [59_400, "59 s"],
    [59_900, "1 min"],
    [125_000, "2 min 5 s"],
    [3_599_900, "1 h"],
    [273_600_000, "3 d 4 h"],
  ])("%i milliseconds are %s", (ms, text) => expect(durationText(ms)).toBe(text));
});

const DRAWN = new Set(["svg", "title", "desc", "style", "defs", "pattern", "line", "rect", "text", "g"]);
