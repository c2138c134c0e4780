import { describe, expect, it } from "vitest";
import { pipelineItem } from "../../../functions/pipelines/store.ts";
import { MOST_LABELS } from "../../../functions/runs/model.ts";
import { NoPlace } from "../../../functions/runs/queue/places.ts";
import { turnedAway } from "../../../functions/runs/queue/rules/turned-away.ts";
import { begin } from "../../../functions/runs/start/begin.ts";
import { LARGEST_START, namedRun, startOf } from "../../../functions/runs/start/start.ts";
import { changeWrites, eventWrites } from "../../../shared/change/commit.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { notFound } from "../../../shared/errors.ts";
import { newTrace } from "../../../shared/tracing/context.ts";
import { organizationNamed } from "../../support/organization.ts";

const at = new Date("2026-01-01T00:00:00.000Z");
const organization = organizationNamed("org_1");
const principal = { type: "user", id: "usr_1" } as const;
const context = { tenant: "org_1", actor: principal, at, trace_id: "t", request: null, audit_days: 400 };
const nobodyWaits = { send: async () => ({ Items: [] }) } as never;
const table = new Table("table", nobodyWaits).of("org_1");

/** A run with everything that can be said of one. */
const wanted = {
  ...namedRun(organization, at, 600),
  kind: "pipeline",
  mode: "test",
  target_id: "pip_1",
  pinned: { pipeline_id: null, revision: null, agents: {}, pipelines: {} },
  metadata: {},
  labels: Array.from({ length: MOST_LABELS }, (_, i) => `label-${i}`),
  timeout_seconds: 600,
  budget: { tokens: 1, cost_usd_micros: 1 },
  limit: 1,
  input: { inline: "{}" },
  setup: { inline: "{}" },
} as const;

describe("the largest start", () => {
  it("is as large as it states: ten labels, a budget, what a test brings, and nobody has a place", () => {
    const starter = { principal, plan: "free", at, trace: newTrace() } as const;
    const { writes, event } = startOf(table, starter, wanted, "organization");
    expect(writes.length + eventWrites(table.table, context, [event]).length).toBe(LARGEST_START);
  });

  it("is begun", async () => {
    const sizes: number[] = [];
    const call = {
      caller: { principal, organization } as never,
      at,
      trace: newTrace(),
      async commit(change: Parameters<typeof changeWrites>[2], answer: never) {
        sizes.push(changeWrites(table.table, context, change).length);
        if (sizes.length === 1) throw new NoPlace("organization");
        return answer;
      },
    };
    const check = table.writes.check(pipelineItem, { id: "pip_1" }, { exists: true }, () => notFound());
    await begin(call, {} as never, table, wanted, [check], {});
    expect(sizes.at(-1)).toBe(LARGEST_START + 1);
  });
});

describe("whether a run that waits is let in", () => {
  const live = { kind: "pipeline", mode: "live" } as const;
  const test = { kind: "pipeline", mode: "test" } as const;
  const agent = { kind: "agent", mode: "live" } as const;

  it.each([
    [live, "active", undefined],
    [live, "draft", "pipeline_inactive"],
    [live, "archived", "pipeline_inactive"],
    [live, undefined, "pipeline_inactive"],
    [test, "draft", undefined],
    [test, "archived", "pipeline_inactive"],
    [test, "purging", "pipeline_inactive"],
    [agent, "active", undefined],
    [agent, "draft", undefined],
    [agent, "archived", "agent_archived"],
    [agent, undefined, "agent_archived"],
  ])("%o of what is %s: %s", (run, status, code) => {
    expect(turnedAway(run, status === undefined ? undefined : { status })?.code).toBe(code);
  });
});
