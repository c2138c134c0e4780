import { beforeAll, describe, expect, it } from "vitest";
import { scriptedModel } from "../../support/agents.ts";
import type { Company } from "../../support/api.ts";
import { unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activeAgent, ended, pages, testRun } from "./setup.ts";

let company: Company;
let agent_id: string;
let model_id: string;
beforeAll(async () => {
  company = await roomyCompany();
  model_id = await scriptedModel(company);
  agent_id = await activeAgent(company, { model_id });
});

const NOBODY = `agt_${"0".repeat(26)}`;
const drawn = (pattern: object) =>
  company.call("POST", "/pipelines/from-pattern", { name: unique("Pattern"), pattern });

/** Draws the pattern, runs it, and tells what each node came to, in the order in which they began. */
async function played(pattern: object, input: unknown, warnings: readonly string[][] = []) {
  const made = await drawn(pattern);
  expect(made.status, made.text).toBe(201);
  const { id } = made.body;
  const check = (await company.call("POST", `/pipelines/${id}/validate`)).body;
  const told = check.warnings.map(({ code, node_ids }: { code: string; node_ids: string[] }) => [code, ...node_ids]);
  expect([check.errors, told]).toEqual([[], warnings]);
  const run = await ended(company, await testRun(company, id, { input }));
  const steps = await pages(company, `/runs/${run.id}/steps`);
  const worked = steps.filter(({ status }) => status === "completed");
  const began = worked.toSorted((a, b) => (a.started_at < b.started_at ? -1 : 1)).map(({ node_id }) => node_id);
  return { id, run, steps, began, of: (node: string) => steps.find(({ node_id }) => node_id === node) };
}

const agents = (count: number) => Array.from({ length: count }, () => ({ agent_id }));
/** An agent whose answers are objects; what it answers is told by what it is asked. */
const objects = async (properties: object) =>
  activeAgent(company, {
    model_id,
    response_schema: { type: "object", properties, required: Object.keys(properties), additionalProperties: false },
  });

describe("a pipeline from a pattern", () => {
  it("is a draft with an ordinary graph that is placed, and belongs to who made it", async () => {
    const { body, headers } = await drawn({ name: "sequential", agents: agents(2) });
    expect(body).toMatchObject({
      status: "draft",
      pattern: "sequential",
      revision: 1,
      node_count: 4,
      connection_count: 3,
    });
    expect(headers.get("location")).toContain(body.id);
    const { positions } = (await company.call("GET", `/pipelines/${body.id}/layout`)).body;
    expect(Object.keys(positions).sort()).toEqual(["in", "out", "step_1", "step_2"]);
    const { graph } = (await company.call("GET", `/pipelines/${body.id}`)).body;
    const saved = await company.call("PUT", `/pipelines/${body.id}/graph`, graph);
    expect([saved.status, saved.body.validation.valid]).toEqual([200, true]);
    const trail = await company.call("GET", `/audit/logs?action=pipeline.created&limit=1`);
    expect(trail.body.items[0].resource.id).toBe(body.id);
  });

  it("is refused with an agent that is not there, and nothing is left", async () => {
    const before = (await company.call("GET", "/pipelines?limit=100")).body.items.length;
    const refused = await drawn({ name: "sequential", agents: [{ agent_id }, { agent_id: NOBODY }] });
    expect([refused.status, refused.body.code, refused.body.issues[0].path]).toEqual([
      422,
      "reference_not_found",
      "pattern.agents.1.agent_id",
    ]);
    expect((await company.call("GET", "/pipelines?limit=100")).body.items).toHaveLength(before);
  });
});

describe("the patterns run", () => {
  it("sequential: each gets what the one before has answered", async () => {
    const { run, began } = await played({ name: "sequential", agents: agents(3) }, { message: "A leak." });
    expect(began).toEqual(["in", "step_1", "step_2", "step_3", "out"]);
    expect(run.output.text).toBe("You said: You said: You said: A leak.");
  });

  it("parallel: side by side, and a judge makes one answer of all", async () => {
    const { run, of } = await played(
      { name: "parallel", agents: agents(3), judge: { agent_id } },
      { message: "A leak." },
    );
    expect(run.output.text).toMatch(/## branch_1.*## branch_2.*## branch_3/s);
    const ends = ["branch_1", "branch_2", "branch_3"].map((id) => of(id).finished_at);
    expect(of("join").started_at >= ends.toSorted().at(-1)).toBe(true);
  });

  it("router: one of them, by meaning", async () => {
    const routes = [
      { handle: "billing", description: "Invoices.", agent: { agent_id, label: "Billing" } },
      { handle: "support", description: "Trouble.", agent: { agent_id } },
    ];
    const pattern = { name: "router", strategy: "semantic", router: { agent_id }, routes, default: { agent_id } };
    const says = JSON.stringify({ handle: "billing", confidence: 1, reason: "An invoice." });
    const { began, of } = await played(pattern, { message: `My invoice. [[say:${says}]]` });
    expect(began).toEqual(["in", "route", "to_1", "out"]);
    expect(of("route").choice.reason).toBe("An invoice.");
  });

  it("ensemble: several experts, one answer", async () => {
    const { run, began } = await played({ name: "ensemble", agents: agents(3), synthesizer: { agent_id } }, "A leak.");
    expect(run.output.text).toMatch(/## expert_1.*## expert_3/s);
    expect(began.at(-2)).toBe("synthesis");
  });

  it("consensus: the majority decides; without one the run fails", async () => {
    const voter = await objects({ verdict: { enum: ["ship", "wait"] } });
    const doubter = await activeAgent(company, {
      model_id,
      response_schema: { type: "object", properties: { verdict: { const: "wait" } }, required: ["verdict"] },
    });
    const other = await activeAgent(company, {
      model_id,
      response_schema: { type: "object", properties: { verdict: { const: "never" } }, required: ["verdict"] },
    });
    const of = (...ids: string[]) => ({
      name: "consensus",
      of: "object.verdict",
      agents: ids.map((id) => ({ agent_id: id })),
    });
    const agreed = await played(of(voter, voter, doubter), { message: "We could ship." });
    expect(agreed.run.output).toMatchObject({ choice: "ship", votes: 2, ballots: 3 });
    const split = await played(of(voter, doubter, other), { message: "We could ship." });
    expect([split.run.status, split.run.error.code]).toEqual(["failed", "no_majority"]);
  });

  it("debate: two rounds, each side answers the other, then the judge", async () => {
    const pattern = { name: "debate", for: { agent_id }, against: { agent_id }, judge: { agent_id }, rounds: 2 };
    const { run, began, of } = await played(pattern, { message: "Cats." });
    expect(began.filter((id) => /^(for|against)_/.test(id)).sort()).toEqual([
      "against_1",
      "against_2",
      "for_1",
      "for_2",
    ]);
    expect(began.slice(-2)).toEqual(["judge", "out"]);
    expect(of("for_2").started_at >= of("against_1").finished_at).toBe(true);
    expect(run.status).toBe("completed");
    // Each speech of the second round is about both of the first.
    expect(of("against_2").output.text).toContain('"for"');
  });

  it("handoff: from tier to tier while they ask for it; the last one answers", async () => {
    const passes = await objects({ escalate: { const: true } });
    const tiers = (...ids: string[]) => ({ name: "handoff", agents: ids.map((id) => ({ agent_id: id })) });
    const through = await played(tiers(passes, passes, agent_id), { message: "A leak." });
    expect(through.began).toEqual(["in", "tier_1", "check_1", "tier_2", "check_2", "tier_3", "out"]);
    const certain = [["condition_never_holds", "check_1"]];
    const first = await played(tiers(agent_id, passes, passes), { message: "A leak." }, certain);
    expect(first.began).toEqual(["in", "tier_1", "check_1", "out"]);
    expect(first.run.output.text).toBe("You said: A leak.");
  });

  it("blackboard: in rounds over what stands there, until the condition holds", async () => {
    const writes = await objects({ clue: { const: "water" } });
    const solves = await objects({ solved: { const: true } });
    const on = (until: object, ...ids: string[]) => ({
      name: "blackboard",
      until,
      rounds: 3,
      agents: ids.map((id) => ({ agent_id: id })),
    });
    const solved = { path: "input.solved", op: "eq", value: true };
    const one = await played(on(solved, writes, solves), { message: "Why is it wet?" });
    expect(one.run.output).toEqual({ clue: "water", solved: true });
    expect(one.began.filter((id) => id.startsWith("board_"))).toEqual(["board_1"]);
    const never = { path: "input.never", op: "exists" };
    const unsolved = ["check_1", "check_2"].map((id) => ["condition_never_holds", id]);
    const all = await played(on(never, writes, writes), { message: "Why is it wet?" }, unsolved);
    expect(all.began.filter((id) => id.startsWith("board_"))).toEqual(["board_1", "board_2", "board_3"]);
    expect(all.run.output).toEqual({ clue: "water" });
  });
});
