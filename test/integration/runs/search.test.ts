import { beforeAll, describe, expect, it } from "vitest";
import { findRuns } from "../../../functions/runs/search/find.ts";
import { costFits, fits, type RunFilters } from "../../../functions/runs/search/rules/filters.ts";
import { startOf } from "../../../functions/runs/start/start.ts";
import { runItem, runLabelItem, runStateItem, type StoredRun } from "../../../functions/runs/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { newId } from "../../../shared/ids.ts";
import { newTrace } from "../../../shared/tracing/context.ts";
import { stackTable } from "../../support/stack.ts";

const BEGAN = new Date(Date.now() - 3_600_000);
const PIPELINES = [newId("pipeline", BEGAN), newId("pipeline", BEGAN)] as const;
const AGENTS = [newId("agent", BEGAN), newId("agent", BEGAN)] as const;
const USERS = [newId("user", BEGAN), newId("user", BEGAN)] as const;
const STATUSES = ["queued", "running", "completed", "failed"] as const;
const LABELS = ["nightly", "customer", "a b/c#d%"] as const;
const RUNS = 240;

const table = (): TenantTable => stackTable().of(tenant);
let tenant: string;
/** Newest first, as a list has them. */
const all: { readonly run: StoredRun; readonly cost: number }[] = [];

const every = <T>(list: readonly T[], i: number, step: number): T => list[Math.floor(i / step) % list.length] as T;

/** The i-th run: each property changes at a pace of its own, so that all meet all. */
async function put(i: number): Promise<void> {
  const at = addSeconds(BEGAN, i);
  const agent = i % 5 === 0;
  const target_id = agent ? every(AGENTS, i, 5) : every(PIPELINES, i, 1);
  const parent = i % 11 === 7 ? all[0]?.run : undefined;
  const starter = {
    principal: { type: "user", id: every(USERS, i, 3) },
    plan: "enterprise",
    at,
    trace: newTrace(),
  } as const;
  const { run, writes } = startOf(table(), starter, {
    id: newId("run", at),
    kept_days: 30,
    audit_days: 400,
    kind: agent ? "agent" : "pipeline",
    mode: every(["live", "test"] as const, i, 2),
    target_id,
    pinned: {
      pipeline_id: agent ? null : target_id,
      revision: agent ? null : 1,
      agents: { [every(AGENTS, i, 7)]: 1 },
      pipelines: {},
    },
    metadata: {},
    budget: null,
    labels: parent !== undefined ? [] : LABELS.filter((_, n) => (i >> n) % 2 === 0),
    timeout_seconds: 60,
    input: { inline: "{}" },
    ...(parent === undefined
      ? {}
      : {
          called: {
            parent_run_id: parent.id,
            called_by: { node_id: "n", attempt: 1, index: i },
            depth: 2,
            root_run_id: parent.id,
            allowance: 1,
          },
        }),
  });
  const kept = writes.filter(({ type }) => type !== "quota");
  await table().transact(kept);
  const status = every(STATUSES, i, 4);
  const cost = (i * 37) % 100;
  await table().transact([
    table().writes.update(runItem, { id: run.id }, { set: { status } }),
    table().writes.update(runStateItem, { run_id: run.id }, { set: { cost_usd_micros: cost } }),
  ]);
  all.unshift({ run: { ...run, status }, cost });
}

beforeAll(async () => {
  tenant = newId("organization", new Date());
  for (let i = 0; i < RUNS; i++) await put(i);
});

/** Every page of a search, one after the other. */
async function found(filters: RunFilters, limit: number, range: { from?: string; to?: string } = {}) {
  const ids: string[] = [];
  const pages: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await findRuns(table(), filters, { limit, cursor, ...range });
    ids.push(...page.items.map(({ run }) => run.id));
    pages.push(page.items.length);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return { ids, pages };
}

const expected = (filters: RunFilters, from = "", to = "9") =>
  all
    .filter(({ run, cost }) => fits(run, filters) && costFits({ cost_usd_micros: cost }, filters))
    .filter(({ run }) => run.created_at >= from && run.created_at <= to)
    .map(({ run }) => run.id);

const searches: readonly RunFilters[] = [
  {},
  { pipeline_id: PIPELINES[0] },
  { agent_id: AGENTS[0] },
  { status: "completed" },
  ...LABELS.map((label) => ({ label })),
  { uses_agent_id: AGENTS[1] },
  { mode: "test" },
  { started_by: `user:${USERS[1]}` },
  { min_cost_usd_micros: 90 },
  { max_cost_usd_micros: 3 },
  { min_cost_usd_micros: 20, max_cost_usd_micros: 40, status: "failed", mode: "live" },
  { label: "nightly", status: "completed", pipeline_id: PIPELINES[1], started_by: `user:${USERS[0]}` },
  { pipeline_id: PIPELINES[0], uses_agent_id: AGENTS[0], status: "queued" },
  { pipeline_id: PIPELINES[0], agent_id: AGENTS[0] },
  { label: "never given" },
];

describe("runs are found", () => {
  it.each(searches)("by %j, newest first, none missed or twice, whatever the size of a page", async (filters) => {
    const wanted = expected(filters);
    for (const limit of [7, 100]) {
      const { ids, pages } = await found(filters, limit);
      expect(ids).toEqual(wanted);
      // Fewer than looked at by one page: each but the last is full.
      expect(pages.slice(0, -1).every((length) => length === limit)).toBe(true);
    }
  });

  it("within a time, both ends among it", async () => {
    const [from, to] = [timestamp(addSeconds(BEGAN, 50)), timestamp(addSeconds(BEGAN, 90))];
    for (const filters of [{}, { label: "nightly" }, { status: "running" }, { mode: "live" }] as const)
      expect((await found(filters, 9, { from, to })).ids).toEqual(expected(filters, from, to));
  });

  it("within a run, and nowhere else where nobody asks for them", async () => {
    const parents = [...new Set(all.flatMap(({ run }) => run.parent_run_id ?? []))];
    expect(parents.length).toBeGreaterThan(5);
    for (const parent_run_id of parents)
      expect((await found({ parent_run_id }, 3)).ids).toEqual(expected({ parent_run_id }));
    expect((await found({}, 100)).ids).toHaveLength(all.filter(({ run }) => run.parent_run_id === null).length);
  });

  it("by no label that was only left behind", async () => {
    const bare = all.find(({ run }) => run.parent_run_id === null && !run.labels.includes("customer"))?.run;
    if (bare === undefined) throw new Error("every run has the label");
    await table().transact([
      table().writes.put(runLabelItem, { label: "customer", run_id: bare.id, expires_at: bare.expires_at }),
      table().writes.put(runLabelItem, {
        label: "customer",
        run_id: newId("run", new Date()),
        expires_at: bare.expires_at,
      }),
    ]);
    expect((await found({ label: "customer" }, 100)).ids).toEqual(expected({ label: "customer" }));
  });

  it("from the place of a cursor only in the list that gave it", async () => {
    const { next_cursor } = await findRuns(table(), { mode: "live" }, { limit: 2 });
    if (next_cursor === null) throw new Error("there is no second page");
    for (const filters of [{}, { mode: "test" }] as const)
      await expect(findRuns(table(), filters, { limit: 2, cursor: next_cursor })).rejects.toMatchObject({
        code: "invalid_cursor",
      });
  });
});
