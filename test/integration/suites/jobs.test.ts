import { beforeAll, describe, expect, it } from "vitest";
import { findRun, runItem } from "../../../functions/runs/store.ts";
import { hear, look } from "../../../functions/suites/consumers.ts";
import { cancel } from "../../../functions/suites/reporting/handlers.ts";
import {
  readSuiteRun,
  suiteItem,
  suitePassRateItem,
  suiteResultItem,
  suiteRunDue,
  suiteRunItem,
} from "../../../functions/suites/store.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { activeAgent, graphOf, pipelineWith } from "../../e2e/runs/setup.ts";
import { createAgent } from "../../support/agents.ts";
import type { Company } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { Crash, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackTable } from "../../support/stack.ts";
import { caseOf, did, suiteOf } from "../../support/suites.ts";
import { endOf, jobOf, quiet, workerDeps } from "./harness.ts";

let company: Company;
let pipeline: string;
beforeAll(async () => {
  company = await roomyCompany();
  const nodes = [
    { id: "in", kind: "input" },
    { id: "out", kind: "output" },
  ];
  pipeline = await pipelineWith(company, graphOf(nodes, [["in", "out"]]), "custom");
});

const own = () => stackTable().of(company.organization_id);
const read = async (id: string) => {
  const whole = await readSuiteRun(own(), id);
  if (whole === undefined) throw new Error("no job");
  return whole;
};
const looked = (id: string, deps = workerDeps()) =>
  look({ tenant: company.organization_id, kind: suiteRunDue.kind, ref: id, at: "" }, deps);
const results = async (id: string) => {
  const found = [];
  for await (const one of own().all(suiteResultItem, { of: { suite_run_id: id } })) found.push(one);
  return found;
};
const runsOf = async (id: string) => {
  const found = [];
  for await (const run of own().all(runItem, { index: "gsi2", of: { target_id: pipeline, listed: "outermost" } }))
    if (run.metadata.suite_run_id === id) found.push(run);
  return found;
};
const jobsCounted = async () => (await own().get(quotaItem, { resource: "suite_runs" }))?.used ?? 0;
const trail = async (id: string) =>
  (await company.call("GET", `/audit/resources/suite_run/${id}`)).body.items.map(
    ({ action }: { action: string }) => action,
  );

/** A suite of cases that expect these outputs. */
async function suiteExpecting(values: readonly unknown[]): Promise<string> {
  const { id } = await suiteOf(company, pipeline);
  for (const [i, value] of values.entries())
    await caseOf(company, id, { name: `case ${i}`, input: { i }, assertions: [{ kind: "equals", value }] });
  return id;
}

describe("a job", () => {
  it("runs each case once and ends once, though its workers die at any write and several work at once", async () => {
    const values = Array.from({ length: 10 }, (_, i) => (i % 3 === 0 ? "good" : i % 3 === 1 ? "bad" : "none"));
    const suite = await suiteExpecting(values.map(() => "good"));
    const counted = await jobsCounted();
    const job = await jobOf(company, suite, { concurrency: 4 });
    expect(await jobsCounted()).toBe(counted + 1);
    const chance = seeded(Number(process.env.KAIZEN_TEST_SEED ?? 7));
    const dying = () =>
      workerDeps(
        faultyTable(
          onWrites(() => (chance() < 0.15 ? "before" : chance() < 0.15 ? "after" : undefined)),
          quiet(),
        ),
      );
    const survived = async (work: Promise<unknown>) => {
      await work.catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error;
      });
    };
    for (let turn = 0; turn < 200; turn++) {
      const { job: now, open, state } = await read(job);
      expect(state.open).toBeLessThanOrEqual(4);
      if (now.status !== "running") break;
      for (const { run_id, index } of open) {
        const value = values[index];
        if (chance() < 0.5)
          await endOf(company, run_id, value === "none" ? { fails: true } : { output: value ?? null });
      }
      await Promise.all([survived(looked(job, dying())), survived(looked(job, dying()))]);
    }
    const { job: now, state, open } = await read(job);
    expect([now.status, state.passed, state.failed, state.errors, open]).toEqual(["completed", 4, 6, 0, []]);
    expect((await runsOf(job)).length).toBe(10);
    expect((await results(job)).map(({ index, outcome }) => [index, outcome])).toEqual(
      values.map((value, i) => [i, value === "good" ? "passed" : "failed"]),
    );
    expect((await dueOf(company.organization_id)).filter(({ ref }) => ref === job)).toEqual([]);
    expect(await trail(job)).toEqual(["suite.run_completed", "suite.run_started"]);
    expect(await jobsCounted()).toBe(counted);
    const rates = await did(company, "GET", `/pipelines/${pipeline}/pass-rates?version=${now.version}`);
    expect(rates.items).toContainEqual(
      expect.objectContaining({ suite_id: suite, suite_run_id: job, pass_rate: 0.4, total: 10 }),
    );
  }, 240_000);

  it("hears of the end of a run, however often it is told; and goes on as it was when it started", async () => {
    const suite = await suiteExpecting(["good", "good"]);
    const job = await jobOf(company, suite, { concurrency: 1 });
    const [, second] = (await did(company, "GET", `/suites/${suite}/cases`)).items;
    await did(company, "PATCH", `/suites/${suite}/cases/${second.id}`, {
      assertions: [{ kind: "equals", value: "bad" }],
    });
    await looked(job);
    for (let i = 0; i < 2; i++) {
      const [open] = (await read(job)).open;
      if (open === undefined) throw new Error("nothing goes on");
      const told = await endOf(company, open.run_id, { output: "good" });
      await Promise.all([hear(told, workerDeps()), hear(told, workerDeps())]);
      await hear(told, workerDeps());
    }
    expect((await results(job)).map(({ outcome }) => outcome)).toEqual(["passed", "passed"]);
    expect((await read(job)).job.status).toBe("completed");
  });

  it("waits while the plan has no room in its queue either, and goes on when there is", async () => {
    const job = await jobOf(company, await suiteExpecting(["good"]));
    const before = (await own().get(quotaItem, { resource: "live_runs" }))?.used ?? 0;
    const used = (live: number, queued: number) =>
      own().transact([
        own().writes.put(quotaItem, { resource: "live_runs", used: live }),
        own().writes.put(quotaItem, { resource: "queued_runs", used: queued }),
      ]);
    await used(2_000, 5_000);
    const at = new Date();
    const again = await looked(job, workerDeps(quiet(), at));
    await used(before, 0);
    expect(again).toEqual(addSeconds(at, 15));
    expect((await read(job)).state).toMatchObject({ next: 0, open: 0, errors: 0 });
    await looked(job);
    expect((await read(job)).state).toMatchObject({ next: 1, open: 1 });
  });

  it("is cancelled when its starter may start nothing any more: its runs are stopped, its cases skipped", async () => {
    const starter = await addMember(company, "developer");
    const suite = await suiteExpecting(["good", "good"]);
    const job = await jobOf(company, suite, { concurrency: 1 }, { type: "user", id: starter.user_id });
    await looked(job);
    const [open] = (await read(job)).open;
    expect((await company.call("POST", `/users/${starter.user_id}/suspend`)).status).toBe(200);
    await looked(job);
    const { job: now, state } = await read(job);
    expect([now.status, now.reason, state.open]).toEqual(["cancelled", "starter_removed", 0]);
    expect((await findRun(own(), open?.run_id ?? ""))?.state.status).toBe("stopped");
    expect((await did(company, "GET", `/suite-runs/${job}`)).counts).toEqual({
      passed: 0,
      failed: 0,
      errors: 0,
      skipped: 2,
    });
    expect((await results(job)).map(({ outcome }) => outcome)).toEqual(["skipped"]);
    expect(await trail(job)).toEqual(["suite.run_cancelled", "suite.run_started"]);
  });

  it("is over after a day, whatever its cases do", async () => {
    const counted = await jobsCounted();
    const job = await jobOf(company, await suiteExpecting(["good"]));
    await looked(job);
    const late = addSeconds(new Date(), 86_401);
    expect(await looked(job, workerDeps(quiet(), late))).toBeUndefined();
    expect((await read(job)).job).toMatchObject({ status: "cancelled", reason: "timed_out" });
    expect(await jobsCounted()).toBe(counted);
  });

  it("has an error for a case whose run never began, which says nothing of the version", async () => {
    const suite = await suiteExpecting(["good", "good", "good"]);
    const rates = async () =>
      (await did(company, "GET", `/pipelines/${pipeline}/pass-rates`)).items.filter(
        (one: { suite_id: string }) => one.suite_id === suite,
      );
    const job = await jobOf(company, suite, { concurrency: 3 });
    await looked(job);
    for (const { run_id, index } of (await read(job)).open)
      await endOf(company, run_id, index === 1 ? { waited: true } : { output: index === 0 ? "good" : "bad" });
    await looked(job);
    expect((await results(job)).map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ["passed", undefined],
      ["error", "run_never_began"],
      ["failed", undefined],
    ]);
    expect(await did(company, "GET", `/suite-runs/${job}`)).toMatchObject({
      status: "completed",
      counts: { passed: 1, failed: 1, errors: 1, skipped: 0 },
      pass_rate: 0.5,
    });
    expect(await rates()).toEqual([]);
  });

  it("that ends after its suite is gone leaves no pass rate", async () => {
    const suite = await suiteExpecting(["good"]);
    const job = await jobOf(company, suite);
    await looked(job);
    const [open] = (await read(job)).open;
    await endOf(company, open?.run_id ?? "", { output: "good" });
    await own().transact([own().writes.remove(suiteItem, { id: suite }, {})]);
    await looked(job);
    const { job: now } = await read(job);
    expect(now.status).toBe("completed");
    const key = { target_id: pipeline, suite_id: suite, version: now.version };
    expect(await own().get(suitePassRateItem, key)).toBeUndefined();
  });

  it("that ends while somebody cancels it is refused as one that is over", async () => {
    const job = await jobOf(company, await suiteExpecting(["good"]));
    await looked(job);
    const before = await read(job);
    await endOf(company, before.open[0]?.run_id ?? "", { output: "good" });
    await looked(job);
    const at = new Date();
    const call = {
      at,
      context: systemContext(company.organization_id, "test", at, 400),
      load: async (how?: { readonly fresh: boolean }) => (how?.fresh === true ? read(job) : before),
      may: () => true,
      denied: () => undefined,
      commit: async (change: Parameters<typeof commitChange>[2], answer: unknown) => {
        await commitChange(quiet(), systemContext(company.organization_id, "test", at, 400), change);
        return answer;
      },
    };
    const deps = { table: quiet(), blobs: workerDeps().blobs, files: { remove: async () => undefined } };
    await expect(cancel(call as unknown as Parameters<typeof cancel>[0], deps)).rejects.toMatchObject({
      code: "conflict",
      status: 409,
    });
    expect((await read(job)).job.status).toBe("completed");
  });

  it("has an error for a case that cannot start, and for one whose run is gone", async () => {
    const suite = await suiteExpecting(["good", "good"]);
    const job = await jobOf(company, suite, { concurrency: 1 });
    await looked(job);
    const [open] = (await read(job)).open;
    await own().transact([own().writes.remove(runItem, { id: open?.run_id ?? "" }, {})]);
    const pinned = { ...(await read(job)).job, version: 999 };
    await own().transact([own().writes.put(suiteRunItem, pinned)]);
    await looked(job);
    expect((await results(job)).map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ["error", "run_deleted"],
      ["error", "not_found"],
    ]);
    expect((await read(job)).job.status).toBe("completed");
  });

  it("asks judges one after the other, only where all before holds", async () => {
    const agent_id = await activeAgent(company, {});
    const asked = (min_score: number) => ({ kind: "judged", agent_id, rubric: "Is it kind?", min_score });
    const { id } = await suiteOf(company, pipeline);
    await caseOf(company, id, { assertions: [asked(0.5), { kind: "equals", value: "good" }, asked(0.5), asked(0.9)] });
    await caseOf(company, id, { assertions: [asked(0.5), { kind: "equals", value: "other" }] });
    const job = await jobOf(company, id);
    await looked(job);
    const opened = (await read(job)).open;
    for (const { run_id } of opened) await endOf(company, run_id, { output: "good" });
    for (const score of [0.5, 0.49]) {
      await Promise.all([looked(job), looked(job)]);
      const [open] = (await read(job)).open;
      const judge = open?.judge_run_ids.at(-1) ?? "";
      expect((await findRun(own(), judge))?.run).toMatchObject({ kind: "agent", mode: "test", target_id: agent_id });
      await endOf(company, judge, { output: { text: JSON.stringify({ score, reason: "So so." }) } });
    }
    await looked(job);
    const [first, second] = await results(job);
    expect(first).toMatchObject({ outcome: "failed", judge_run_ids: [expect.any(String), expect.any(String)] });
    expect(first?.assertions.map(({ kind, passed }) => [kind, passed])).toEqual([
      ["judged", true],
      ["equals", true],
      ["judged", false],
      ["judged", null],
    ]);
    expect(second).toMatchObject({ outcome: "failed", judge_run_ids: [] });
    expect((await read(job)).job.status).toBe("completed");
  });

  it("has one yardstick: judges are those of when it started, and one that could not be used then judges nothing", async () => {
    const [judge, idle] = [await activeAgent(company, {}), (await createAgent(company, {})).id];
    const asked = (agent_id: string) => ({ kind: "judged", agent_id, rubric: "Is it kind?", min_score: 0.5 });
    const { id } = await suiteOf(company, pipeline);
    await caseOf(company, id, { assertions: [asked(judge)] });
    await caseOf(company, id, { assertions: [asked(idle)] });
    const job = await jobOf(company, id);
    await did(company, "PATCH", `/agents/${judge}`, { system_prompt: "Be strict." });
    await did(company, "POST", `/agents/${judge}/versions`, {});
    await did(company, "POST", `/agents/${idle}/activate`, {});
    expect((await did(company, "GET", `/agents/${judge}`)).active_version).toBe(2);
    await looked(job);
    for (const { run_id } of (await read(job)).open) await endOf(company, run_id, { output: "good" });
    await looked(job);
    const [open] = (await read(job)).open;
    const asker = await findRun(own(), open?.judge_run_ids[0] ?? "");
    expect(asker?.run.pinned.agents).toEqual({ [judge]: 1 });
    expect((await results(job)).map(({ index, outcome, error }) => [index, outcome, error?.message])).toEqual([
      [1, "error", "the agent that judges could not be used when the job began"],
    ]);
    await endOf(company, asker?.run.id ?? "", { waited: true });
    await looked(job);
    expect((await results(job)).map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ["error", "run_never_began"],
      ["error", "undecided"],
    ]);
  });
});

it("an older job that ends later does not say how good a version is", async () => {
  const suite = await suiteExpecting(["good"]);
  const older = await jobOf(company, suite);
  const newer = await jobOf(company, suite, {}, undefined, addSeconds(new Date(), 5));
  for (const [job, output] of [
    [newer, "good"],
    [older, "bad"],
  ] as const) {
    await looked(job);
    for (const { run_id } of (await read(job)).open) await endOf(company, run_id, { output });
    await looked(job);
    expect((await read(job)).job.status).toBe("completed");
  }
  const rates = await did(company, "GET", `/pipelines/${pipeline}/pass-rates`);
  const [rate] = rates.items.filter((one: { suite_id: string }) => one.suite_id === suite);
  expect(rate).toMatchObject({ suite_run_id: newer, pass_rate: 1 });
  expect(timestamp(new Date(rate.finished_at))).toBe(rate.finished_at);
});

/** The same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
