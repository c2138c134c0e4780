import { DescribeExecutionCommand, SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { namedRun, startOf } from "../../../functions/runs/start/start.ts";
import { runCountItem, runWatch } from "../../../functions/runs/store.ts";
import { eventWrites } from "../../../shared/change/commit.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { newTrace } from "../../../shared/tracing/context.ts";
import { type Company, eventually, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { awsConfig, stackTable } from "../../support/stack.ts";
import { sweepDue } from "../../support/sweeper.ts";
import { outboxTexts } from "../../support/traces.ts";
import { ended, graphOf, type Lab, lab, pages, pipelineWith, testRun } from "./setup.ts";

let one: Lab;
let company: Company;
let pipeline_id: string;

/** input, an agent with this config, another agent, output. */
const chain = (agent_id: string, first: object, more: Parameters<typeof graphOf>[1] = []) =>
  graphOf(
    [
      { id: "in", kind: "input" },
      { id: "first", kind: "agent", config: { agent_id, input_mapping: "run.input.message", ...first } },
      { id: "second", kind: "agent", config: { agent_id, input_mapping: '"second"' } },
      { id: "out", kind: "output" },
    ],
    [["in", "first"], ["first", "second"], ["second", "out"], ...more],
  );

const retrying = { retry: { max_attempts: 3, backoff_ms: 60_000 } };

beforeAll(async () => {
  one = await lab();
  company = one.company;
  pipeline_id = await pipelineWith(company, chain(one.agent_id, retrying));
});

const states = () => new SFNClient(awsConfig());
const executionOf = (run_id: string) =>
  `${(inject("stack").outputs.StateMachineArn ?? "").replace(":stateMachine:", ":execution:")}:${run_id}`;

const stepIs = (run_id: string, node_id: string, status: string) =>
  eventually(async () => {
    const { body } = await company.call("GET", `/runs/${run_id}/steps?node_id=${node_id}`);
    return body.items.find((step: { status: string }) => step.status === status);
  }, `${node_id} is ${status}`);

describe("stopping a run", () => {
  it("lets nothing further begin; what was under way is kept and counted; a second stop names the state", async () => {
    const message = `[[delay:3000]] [[tokens:in=5,out=5]] ${unique()}`;
    const id = await testRun(company, pipeline_id, { input: { message } });
    await stepIs(id, "first", "running");
    const stopped = await company.call("POST", `/runs/${id}/stop`);
    expect(stopped.status).toBe(202);
    expect(stopped.body.status).toBe("stopped");
    const again = await company.call("POST", `/runs/${id}/stop`);
    expect(again.status).toBe(409);
    expect(again.body.state).toBe("stopped");
    await stepIs(id, "first", "completed");
    await eventually(async () => {
      const { status } = await states().send(new DescribeExecutionCommand({ executionArn: executionOf(id) }));
      return status === "SUCCEEDED" ? true : undefined;
    }, "the workflow ends");
    const run = (await company.call("GET", `/runs/${id}`)).body;
    expect(run).toMatchObject({ status: "stopped", output: null, totals: { steps: 2, tokens_in: 5, tokens_out: 5 } });
    const steps = await pages(company, `/runs/${id}/steps`);
    expect(steps.map(({ node_id }) => node_id).sort()).toEqual(["first", "in"]);
    const log = await pages(company, `/runs/${id}/logs`);
    expect(log.at(-1).type).toBe("run.stopped");
    const events = (await outboxTexts(company)).map((text) => JSON.parse(text).envelope);
    const told = events.filter(({ data, type }) => data.run_id === id && type !== "run.step_completed");
    expect(told.map(({ type }) => type)).toEqual(["run.started", "run.stopped"]);
    expect(told[1].actor).toEqual({ type: "user", id: company.user_id });
  });

  it("ends an execution that waits for a retry", async () => {
    const id = await testRun(company, pipeline_id, { input: { message: `[[fail:503]] ${unique()}` } });
    const waiting = await stepIs(id, "first", "waiting");
    expect(waiting).toMatchObject({ attempt: 2, started_at: null });
    expect(Date.parse(waiting.wait_until)).toBeGreaterThan(Date.now() + 30_000);
    expect((await company.call("POST", `/runs/${id}/stop`)).status).toBe(202);
    const { status } = await states().send(new DescribeExecutionCommand({ executionArn: executionOf(id) }));
    expect(status).toBe("ABORTED");
    // The abort is seen as a status change too; it leaves a run alone that is over.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect((await company.call("GET", `/runs/${id}`)).body).toMatchObject({ status: "stopped", error: null });
    // The attempt that will not come has ended with the run.
    const stopped = { status: "stopped", attempt: 2, started_at: null, wait_until: null };
    expect((await company.call("GET", `/runs/${id}/steps/first/2`)).body).toMatchObject(stopped);
    expect((await pages(company, `/runs/${id}/steps`)).map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, "failed"],
      [2, "stopped"],
      [1, "completed"],
    ]);
  });

  it("by many at once succeeds once, also while steps are being committed", async () => {
    const wide = graphOf(
      [
        { id: "in", kind: "input" },
        ...Array.from({ length: 12 }, (_, i) => ({ id: `t${i}`, kind: "agent", config: { agent_id: one.agent_id } })),
        { id: "out", kind: "output" },
      ],
      Array.from({ length: 12 }, (_, i) => [["in", `t${i}`] as const, [`t${i}`, "out"] as const]).flat(),
    );
    const pipeline = await pipelineWith(company, wide);
    const id = await testRun(company, pipeline, { input: { message: "[[delay:400]]" } });
    await stepIs(id, "t5", "running");
    const answers = await Promise.all(Array.from({ length: 5 }, () => company.call("POST", `/runs/${id}/stop`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409]);
    const log = await pages(company, `/runs/${id}/logs`);
    expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, i) => i + 1));
    expect(log.at(-1).type).toBe("run.stopped");
  });
});

describe("a run that nobody ends", () => {
  it("is timed out at its deadline: no step begins after it, and what works then gets the time that is left", async () => {
    // The first takes 1.2 s of 2 s; the second would take a minute, and is cut off.
    const config = { agent_id: one.agent_id, input_mapping: '"[[delay:60000]] " & run.input.message' };
    const cut = graphOf(
      [
        { id: "in", kind: "input" },
        { id: "first", kind: "agent", config: { agent_id: one.agent_id, input_mapping: '"[[delay:1200]]"' } },
        { id: "second", kind: "agent", config: { ...config, retry: { max_attempts: 3, backoff_ms: 0 } } },
        { id: "third", kind: "agent", config },
        { id: "out", kind: "output" },
      ],
      [
        ["in", "first"],
        ["first", "second"],
        ["second", "third"],
        ["third", "out"],
      ],
    );
    const pipeline = await pipelineWith(company, cut);
    const id = await testRun(company, pipeline, { input: { message: unique() }, timeout_seconds: 2 });
    const run = await ended(company, id, 60);
    expect(run).toMatchObject({ status: "timed_out", error: null, output: null });
    const log = await pages(company, `/runs/${id}/logs`);
    expect(log.at(-1).type).toBe("run.timed_out");
    const begun = log.filter(({ type }) => type === "step.started");
    expect(begun.map(({ at }) => at < run.deadline_at)).toEqual(begun.map(() => true));
    const steps = await pages(company, `/runs/${id}/steps`);
    expect(steps.filter(({ status }) => ["running", "waiting"].includes(status))).toEqual([]);
    expect(steps.map(({ node_id }) => node_id)).not.toContain("third");
  });

  it("is failed when its workflow is aborted", async () => {
    const id = await testRun(company, pipeline_id, { input: { message: `[[fail:503]] ${unique()}` } });
    await stepIs(id, "first", "waiting");
    await states().send(new StopExecutionCommand({ executionArn: executionOf(id) }));
    const run = await ended(company, id);
    expect(run).toMatchObject({ status: "failed", error: { code: "workflow_failed" } });
  });

  /** What the transaction of a start writes, of a run that nobody has started yet. */
  const acceptedRun = (table: TenantTable, text: string, timeout_seconds = 600) => {
    const at = new Date();
    const principal = { type: "user", id: company.user_id } as const;
    const starter = { principal, plan: "free", at, trace: newTrace() } as const;
    const started = startOf(table, starter, {
      ...namedRun({ plan: "free", settings: UNSET }, at, timeout_seconds),
      kind: "agent",
      mode: "live",
      target_id: one.agent_id,
      pinned: { pipeline_id: null, revision: null, agents: { [one.agent_id]: 1 }, pipelines: {} },
      metadata: {},
      budget: null,
      labels: [],
      timeout_seconds,
      input: { inline: JSON.stringify(text) },
    });
    const context = {
      tenant: table.tenant,
      actor: principal,
      at,
      trace_id: starter.trace.trace_id,
      request: null,
      audit_days: 400,
    };
    return { ...started, context };
  };

  it("is started by its event, when the request that accepted it could not", async () => {
    const table = stackTable().of(company.organization_id);
    const { run, writes, event, context } = acceptedRun(table, "hello from the outbox");
    await table.transact([...writes, ...eventWrites(table.table, context, [event])]);
    const done = await ended(company, run.id);
    expect(done.status).toBe("completed");
    expect(done.output.text).toContain("hello from the outbox");
  });

  it("is timed out at its deadline by way of the deployed sweeper, though nothing of it has ever begun", async () => {
    const table = stackTable().of(company.organization_id);
    const { run, writes } = acceptedRun(table, "hello from nowhere", 1);
    await table.transact(writes);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await sweepDue();
    const over = await ended(company, run.id);
    expect(over).toMatchObject({ status: "timed_out", started_at: null });
    expect(over.finished_at >= over.deadline_at).toBe(true);
    expect((await pages(company, `/runs/${run.id}/logs`)).at(-1).type).toBe("run.timed_out");
  });

  it("is started by way of the deployed sweeper, when its event is lost too", async () => {
    const table = stackTable().of(company.organization_id);
    const { run, writes } = acceptedRun(table, "hello from the sweeper");
    await table.transact(writes);
    // Two minutes later.
    await table.transact([runWatch.set(table, run.id, new Date())]);
    await sweepDue();
    const done = await ended(company, run.id);
    expect(done.status).toBe("completed");
    expect(done.output.text).toContain("hello from the sweeper");
    expect((await dueOf(company.organization_id)).map(({ ref }) => ref)).not.toContain(run.id);
  });
});

describe("the plan's runs at the same time", () => {
  it("are counted to the last one under parallel starts; others wait until a run ends, and all come to their end", async () => {
    const { company: small, agent_id } = await lab();
    const table = stackTable().of(small.organization_id);
    await table.transact([table.writes.put(quotaItem, { resource: "live_runs", used: 48 })]);
    const start = () => small.call("POST", `/agents/${agent_id}/runs`, { input: "Who waits? [[delay:2000]]" });
    const answers = await Promise.all(Array.from({ length: 4 }, start));
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(Array(4).fill([202, "queued"]));
    const waiting = answers.filter(({ body }) => body.queue !== null);
    expect(waiting.map(({ body }) => body.queue.waiting_for)).toEqual(["organization", "organization"]);
    const runs = await Promise.all(answers.map(({ body }) => ended(small, body.id)));
    expect(runs.map(({ status }) => status)).toEqual(Array(4).fill("completed"));
    const others = runs.filter(({ id }) => !waiting.some(({ body }) => body.id === id));
    const first = Math.min(...others.map(({ finished_at }) => Date.parse(finished_at)));
    for (const { body } of waiting) {
      const run = runs.find(({ id }) => id === body.id);
      expect(Date.parse(run.started_at)).toBeGreaterThanOrEqual(first);
    }
    expect((await table.get(quotaItem, { resource: "live_runs" }))?.used).toBe(48);
    expect((await table.get(quotaItem, { resource: "queued_runs" }))?.used).toBe(0);
  });

  it("are not waited for beyond the plan's number of those that wait: 402 names limit and usage", async () => {
    const { company: small, agent_id } = await lab();
    const table = stackTable().of(small.organization_id);
    await table.transact([
      table.writes.put(quotaItem, { resource: "live_runs", used: 50 }),
      table.writes.put(quotaItem, { resource: "queued_runs", used: 99 }),
    ]);
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => small.call("POST", `/agents/${agent_id}/runs`, { input: "Too many." })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 402, 402]);
    const refused = answers.find(({ status }) => status === 402);
    expect(refused?.body).toMatchObject({ code: "quota_exceeded", resource: "queued_runs", limit: 100, usage: 100 });
    const waits = answers.find(({ status }) => status === 202);
    expect((await small.call("POST", `/runs/${waits?.body.id}/stop`)).body).toMatchObject({
      status: "stopped",
      queue: null,
    });
    expect((await table.get(quotaItem, { resource: "queued_runs" }))?.used).toBe(99);
    expect((await table.get(quotaItem, { resource: "live_runs" }))?.used).toBe(50);
  });
});

describe("the plan's runs of a month", () => {
  it("are counted to the last one under parallel starts; beyond it 402 names limit and usage", async () => {
    const { company: small, agent_id } = await lab();
    const table = stackTable().of(small.organization_id);
    const month = new Date().toISOString().slice(0, 7);
    await table.transact([
      table.writes.put(runCountItem, { month, runs: 998, expires_at: new Date(Date.now() + 86_400_000).toISOString() }),
    ]);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => small.call("POST", `/agents/${agent_id}/runs`, { input: "hi" })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 202, 402, 402, 402, 402]);
    const refused = answers.find(({ status }) => status === 402);
    expect(refused?.body).toMatchObject({ code: "quota_exceeded", limit: 1000, usage: 1000 });
    expect((await table.get(runCountItem, { month }))?.runs).toBe(1000);
    const runs = await small.call("GET", "/runs");
    expect(runs.body.items).toHaveLength(2);
  });
});
