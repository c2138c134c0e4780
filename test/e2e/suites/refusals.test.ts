import { beforeAll, describe, expect, it } from "vitest";
import { runItem } from "../../../functions/runs/store.ts";
import { suiteItem } from "../../../functions/suites/store.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { eventually, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";
import { caseOf, did, jobEnded, resultsOf, suiteOf } from "../../support/suites.ts";
import { activeAgent, ended, graphOf, type Lab, lab, pipelineWith, redraw } from "../runs/setup.ts";

let at: Lab;
beforeAll(async () => {
  at = await lab();
});

const own = () => stackTable().of(at.company.organization_id);
const asked = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  at.company.call(method, path, body, headers);
const completes = [{ kind: "status", status: "completed" }];

describe("a suite of an agent", () => {
  it("runs cases by tags; judges give scores in runs of their own, whose cost is counted apart", async () => {
    const { company, agent_id } = at;
    const judge = await activeAgent(company, { model_id: "scripted/small" });
    const suite = await suiteOf(company, agent_id);
    const verdict = (score: number) => `Is it kind? [[say:${JSON.stringify({ score, reason: `It is ${score}.` })}]]`;
    const judged = (score: number) => ({ kind: "judged", agent_id: judge, rubric: verdict(score), min_score: 0.5 });
    // The judge reads it too, so it says nothing that the scripted model would obey.
    const input = { message: "Suites greet everybody." };
    const says = { kind: "matches", path: "text", pattern: "." };
    await caseOf(company, suite.id, { name: "kind", input, assertions: [judged(0.75), says], tags: ["smoke"] });
    await caseOf(company, suite.id, {
      name: "unkind",
      input,
      assertions: [says, judged(0.25)],
      tags: ["smoke", "slow"],
    });
    await caseOf(company, suite.id, { name: "other", input, tags: ["nightly"] });
    await caseOf(company, suite.id, { name: "off", input, tags: ["smoke"], enabled: false });
    const job = await did(company, "POST", `/suites/${suite.id}/runs`, {
      tags: ["smoke"],
      budget: { tokens: 100_000 },
    });
    const done = await jobEnded(company, job.id);
    expect(done).toMatchObject({ kind: "agent", version: 1, total: 2, counts: { passed: 1, failed: 1, errors: 0 } });
    expect(done.cost_usd_micros).toBeGreaterThan(0);
    expect(done.judge_cost_usd_micros).toBeGreaterThan(0);
    const [kind, unkind] = await resultsOf(company, job.id);
    expect(kind).toMatchObject({ name: "kind", outcome: "passed", assertions: [{ message: "It is 0.75." }, {}] });
    expect(unkind.assertions[1]).toMatchObject({ kind: "judged", passed: false, message: "It is 0.25." });
    const [judge_run] = kind.judge_run_ids;
    expect((await asked("GET", `/runs/${judge_run}`)).body).toMatchObject({
      kind: "agent",
      mode: "test",
      budget: { tokens: 100_000 },
    });
    expect((await did(company, "GET", `/agents/${agent_id}/pass-rates`)).items).toEqual([]);
    const labelled = (await did(company, "GET", `/runs?label=${job.id}`)).items;
    expect(labelled).toHaveLength(4);
  });

  it("is cancelled: its runs are stopped, and it cannot be cancelled again", async () => {
    const { company, agent_id } = at;
    const suite = await suiteOf(company, agent_id);
    const message = "[[delay:20000]] Suites wait.";
    for (let i = 0; i < 2; i++) await caseOf(company, suite.id, { input: { message } });
    const job = await did(company, "POST", `/suites/${suite.id}/runs`, { concurrency: 1 });
    await eventually(async () => {
      const { running } = await did(company, "GET", `/suite-runs/${job.id}`);
      return running === 1 ? true : undefined;
    }, "the first case runs");
    const cancelled = await asked("POST", `/suite-runs/${job.id}/cancel`);
    expect([cancelled.status, cancelled.body.status, cancelled.body.reason]).toEqual([202, "cancelled", "requested"]);
    const again = await asked("POST", `/suite-runs/${job.id}/cancel`);
    expect([again.status, again.body.code]).toEqual([409, "conflict"]);
    expect((await jobEnded(company, job.id)).counts).toEqual({ passed: 0, failed: 0, errors: 0, skipped: 2 });
    const [result] = await resultsOf(company, job.id);
    expect(result).toMatchObject({ outcome: "skipped", error: { code: "cancelled" } });
    expect((await ended(company, result.run_id)).status).toBe("stopped");
    const junit = await asked("GET", `/suite-runs/${job.id}/junit.xml`);
    expect(junit.text).toContain('skipped="2"');
  });

  it("takes over outcomes of a recorded run: the same work costs nothing", async () => {
    const { company, agent_id } = at;
    const input = { message: "Suites remember what was paid." };
    const { id: run_id } = await did(company, "POST", `/agents/${agent_id}/runs`, { mode: "test", input });
    const first = await ended(company, run_id);
    expect(first.totals.cost_usd_micros).toBeGreaterThan(0);
    const suite = await suiteOf(company, agent_id);
    const assertions = [{ kind: "max_cost_usd_micros", value: 0 }];
    const expects = { from_run_id: run_id, recorded_run_id: run_id, expect_output: true, assertions };
    await did(company, "POST", `/suites/${suite.id}/cases`, { name: "Recorded", ...expects });
    const job = await did(company, "POST", `/suites/${suite.id}/runs`);
    expect((await jobEnded(company, job.id)).counts).toMatchObject({ passed: 1 });
  });
});

describe("what is refused", () => {
  it("a suite of what is archived, or beyond the plan", async () => {
    const { company } = at;
    const agent = await activeAgent(company, {});
    await did(company, "DELETE", `/agents/${agent}`);
    const archived = await asked("POST", `/agents/${agent}/suites`, { name: "Late" });
    expect([archived.status, archived.body.code]).toEqual([409, "conflict"]);
    const pipeline = await pipelineWith(
      company,
      graphOf(
        [
          { id: "in", kind: "input" },
          { id: "out", kind: "output" },
        ],
        [["in", "out"]],
      ),
      "custom",
    );
    await did(company, "DELETE", `/pipelines/${pipeline}`);
    const old = await asked("POST", `/pipelines/${pipeline}/suites`, { name: "Late" });
    expect([old.status, old.body.code]).toEqual([409, "conflict"]);
    const { used = 0 } = (await own().get(quotaItem, { resource: "suites" })) ?? {};
    const count = (n: number) => own().transact([own().writes.put(quotaItem, { resource: "suites", used: n })]);
    await count(10_000);
    const full = await asked("POST", `/agents/${at.agent_id}/suites`, { name: "One too many" });
    await count(used);
    expect([full.status, full.body.code, full.body.resource]).toEqual([402, "quota_exceeded", "suites"]);
  });

  it("changes of what somebody else has changed meanwhile", async () => {
    const suite = await suiteOf(at.company, at.agent_id);
    const one = await caseOf(at.company, suite.id);
    for (const path of [`/suites/${suite.id}`, `/suites/${suite.id}/cases/${one.id}`]) {
      const tag = (await asked("GET", path)).headers.get("etag");
      const change = (name: string) => asked("PATCH", path, { name }, { "if-match": '"other"' });
      expect([path, (await change("Other")).status]).toEqual([path, 412]);
      expect((await asked("PATCH", path, { name: "Other" })).body.name).toBe("Other");
      expect((await asked("DELETE", path, undefined, { "if-match": tag ?? '"other"' })).status).toBe(412);
    }
  });

  it("cases that name what is not there, or is of something else", async () => {
    const { company, agent_id } = at;
    const suite = await suiteOf(company, agent_id);
    const other = await activeAgent(company, { model_id: "scripted/small" });
    const run_id = (await did(company, "POST", `/agents/${other}/runs`, { input: { message: "Other suites." } })).id;
    await ended(company, run_id);
    const input = { message: "Suites of made-up answers." };
    const made_up = (await did(company, "POST", `/agents/${agent_id}/runs`, { mode: "test", input })).id;
    await ended(company, made_up);
    const told = { node_id: "agent", draft: false, faults: {}, cassette: null, as_user_id: null };
    await own().transact([own().writes.update(runItem, { id: made_up }, { set: { test: told } })]);
    const nowhere = (id: string) => `${id.slice(0, 4)}01JDQ4X0Z5V8W3N7K2M9R6T1BC`;
    const judged = { kind: "judged", agent_id: nowhere("agt_"), rubric: "Good?", min_score: 1 };
    const rows: readonly [object, number, string][] = [
      [{ from_run_id: nowhere("run_"), expect_output: true }, 422, "from_run_id"],
      [{ from_run_id: run_id, assertions: completes }, 422, "from_run_id"],
      [{ recorded_run_id: run_id, assertions: completes }, 422, "recorded_run_id"],
      [{ from_run_id: made_up, assertions: completes }, 422, "from_run_id"],
      [{ recorded_run_id: made_up, assertions: completes }, 422, "recorded_run_id"],
      [{ assertions: [judged] }, 422, "assertions.0.agent_id"],
      [{ expect_output: true }, 422, "expect_output"],
      [{}, 422, "assertions"],
      [{ input: 1, from_run_id: run_id, assertions: completes }, 422, "input"],
    ];
    for (const [body, status, path] of rows) {
      const answer = await asked("POST", `/suites/${suite.id}/cases`, { name: unique("Case"), ...body });
      expect([body, answer.status, answer.body.issues?.[0]?.path]).toEqual([body, status, path]);
    }
    await own().transact([own().writes.update(suiteItem, { id: suite.id }, { set: { cases: 500 } })]);
    const full = await asked("POST", `/suites/${suite.id}/cases`, { name: "Full", assertions: completes });
    expect([full.status, full.body.code]).toEqual([409, "conflict"]);
  });

  it("a job without cases, without the version, of a graph with errors, or by who may not run agents", async () => {
    const { company, agent_id } = at;
    const suite = await suiteOf(company, agent_id);
    const empty = await asked("POST", `/suites/${suite.id}/runs`, {});
    expect([empty.status, empty.body.code]).toEqual([409, "conflict"]);
    await caseOf(company, suite.id);
    expect((await asked("POST", `/suites/${suite.id}/runs`, { tags: ["none"] })).status).toBe(409);
    expect((await asked("POST", `/suites/${suite.id}/runs`, { version: 99 })).status).toBe(404);
    const { used = 0 } = (await own().get(quotaItem, { resource: "suite_runs" })) ?? {};
    const count = (n: number) => own().transact([own().writes.put(quotaItem, { resource: "suite_runs", used: n })]);
    await count(1_000);
    const full = await asked("POST", `/suites/${suite.id}/runs`, {});
    await count(used);
    expect([full.status, full.body.code, full.body.resource]).toEqual([402, "quota_exceeded", "suite_runs"]);
    const viewer = await addMember(company, "viewer");
    const denied = await viewer.call("POST", `/suites/${suite.id}/runs`, {});
    expect([denied.status, denied.body.code]).toEqual([403, "forbidden"]);
    expect((await viewer.call("GET", `/suites/${suite.id}`)).status).toBe(200);
    const nodes = [
      { id: "in", kind: "input" },
      { id: "out", kind: "output" },
    ];
    const pipeline = await pipelineWith(company, graphOf(nodes, [["in", "out"]]), "custom");
    const of = await suiteOf(company, pipeline);
    await caseOf(company, of.id);
    await asked("PUT", `/pipelines/${pipeline}/graph`, graphOf(nodes, []));
    const invalid = await asked("POST", `/suites/${of.id}/runs`, {});
    expect([invalid.status, invalid.body.code]).toEqual([409, "graph_invalid"]);
    await redraw(company, pipeline, graphOf(nodes, [["in", "out"]]));
    const job = await did(company, "POST", `/suites/${of.id}/runs`);
    expect((await jobEnded(company, job.id)).counts.passed).toBe(1);
  });
});
