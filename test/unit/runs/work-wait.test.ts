import { describe, expect, it } from "vitest";
import { graphLimits, graphSchema } from "../../../functions/pipelines/graph/public.ts";
import type { Waits } from "../../../functions/runs/engine/parking.ts";
import { compilePlan, nodeNamed } from "../../../functions/runs/engine/rules/plan.ts";
import { workWait } from "../../../functions/runs/engine/work-wait.ts";
import { usualTimeout } from "../../../functions/runs/model.ts";
import { namedRun } from "../../../functions/runs/start/start.ts";
import { UNSET } from "../../../shared/identity/settings.ts";

const NOW = "2026-03-29T00:30:00.000Z";

/** What a wait node comes to at this time, with this much of the run left, and what it leaves behind when it waits. */
async function work(
  config: object,
  { at = NOW, left_ms = 3_600_000_000, until }: { at?: string; left_ms?: number; until?: string } = {},
) {
  const graph = graphSchema.parse({
    nodes: [
      { id: "in", kind: "input", label: "In", config: {} },
      { id: "w", kind: "wait", label: "Wait", config },
    ],
    connections: [{ id: "c", source: "in", target: "w" }],
  });
  const node = nodeNamed(compilePlan(graph), "w");
  if (node.node?.kind !== "wait") throw new Error("a wait node");
  const left: Waits[] = [];
  const result = await workWait(
    {
      step: node.node,
      node,
      attempt: 1,
      scope: { input: { at: "2026-03-29T03:00:00+02:00", n: 7 }, run: { input: null }, steps: {} },
      store: { waits: (_, __, waits) => left.push(waits) },
    },
    { left_ms, wait: until === undefined ? undefined : { until } },
    { clock: { now: () => new Date(at) } },
  );
  return { result, left };
}

const input = { at: "2026-03-29T03:00:00+02:00", n: 7 };

describe("a wait", () => {
  it("of seconds begins when the step does, is exact up to 15 minutes, and gives its input", async () => {
    const { result, left } = await work({ seconds: 900 });
    expect(result).toEqual({ parked: true, pause_ms: 900_000 });
    expect(left).toMatchObject([{ waits_for: "time", until: new Date("2026-03-29T00:45:00.000Z") }]);
    const until = "2026-03-29T00:45:00.000Z";
    expect((await work({ seconds: 900 }, { at: "2026-03-29T00:44:59.999Z", until })).result).toEqual({
      parked: true,
      pause_ms: 1,
    });
    expect((await work({ seconds: 900 }, { at: until, until })).result).toEqual({ ok: true, output: input });
  });

  it("that is longer is woken by what is due, not by a workflow that waits", async () => {
    expect((await work({ seconds: 901 })).result).toEqual({ parked: true });
  });

  it("until a time goes by the time's zone, also over the hour that summer time leaves out", async () => {
    const { left } = await work({ until: "input.at" });
    expect(left).toMatchObject([{ until: new Date("2026-03-29T01:00:00.000Z") }]);
    expect((await work({ until: '"2026-03-28T23:00:00Z"' })).result).toEqual({ ok: true, output: input });
  });

  it.each([
    ["no zone", '"2026-03-29T03:00:00"', "time_invalid"],
    ["no such day", '"2026-02-31T03:00:00Z"', "time_invalid"],
    ["no text", "input.n", "time_invalid"],
    ["nothing", "input.missing", "time_invalid"],
    ["an expression that fails", "$number(input)", "expression_failed"],
  ])("that is given %s fails", async (_, until, code) => {
    expect((await work({ until })).result).toMatchObject({ ok: false, error: { code }, retryable: false });
  });

  it("may be as long as a wait can be in a run that does not say how long it may take", async () => {
    const seconds = graphLimits.wait_seconds;
    const graph = graphSchema.parse({
      nodes: [{ id: "w", kind: "wait", label: "W", config: { seconds } }],
      connections: [],
    });
    const left_ms = usualTimeout(graph) * 1_000 - 60_000;
    expect((await work({ seconds }, { left_ms })).result).toEqual({ parked: true });
    expect(namedRun({ plan: "free", settings: UNSET }, new Date(NOW), usualTimeout(graph)).kept_days).toBe(400);
  });

  it("of which its end may be told too late for the run fails before it begins", async () => {
    const { result } = await work({ seconds: 3_550 }, { left_ms: 3_600_000 });
    expect(result).toMatchObject({ ok: false, error: { code: "wait_beyond_deadline" } });
  });

  it("that the run has no time for fails before it begins", async () => {
    const { result, left } = await work({ seconds: 60 }, { left_ms: 60_000 });
    expect(result).toMatchObject({ ok: false, error: { code: "wait_beyond_deadline" } });
    expect(left).toEqual([]);
  });
});
