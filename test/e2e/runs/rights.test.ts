import { beforeAll, describe, expect, it } from "vitest";
import { runStateItem } from "../../../functions/runs/store.ts";
import { membershipItem, organizationItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { scriptedModel } from "../../support/agents.ts";
import { eventually, unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackTable } from "../../support/stack.ts";
import { activeAgent, type Edge, ended, graphOf, type Lab, lab, pages, pipelineWith, testRun } from "./setup.ts";

/** What else lists of members are kept by; who changes one of it brings all. */
const LISTED = { name_key: "owner", joined_at: "2026-01-01T00:00:00.000Z" };

let one: Lab;
beforeAll(async () => {
  one = await lab(await roomyCompany());
});

/** Every kind of step that runs an agent, and the handles by which it is left. */
const RUNS_AGENT = {
  agent: { config: { input_mapping: '"second"' }, handles: ["output"] },
  router: {
    config: { strategy: "semantic", branches: [{ handle: "a", description: "Any." }], default: "b" },
    handles: ["a", "b"],
  },
  synthesizer: { config: { strategy: "summarize" }, handles: ["output"] },
} as const;

/** A run whose first step takes a while and whose second would run another agent. */
async function underWay({ company, agent_id }: Lab, kind: keyof typeof RUNS_AGENT = "agent") {
  const second = await activeAgent(company, { model_id: await scriptedModel(company) });
  const { config, handles } = RUNS_AGENT[kind];
  const slow = { agent_id, input_mapping: `"[[delay:2500]] ${unique()}"` };
  const pipeline = await pipelineWith(
    company,
    graphOf(
      [
        { id: "in", kind: "input" },
        { id: "first", kind: "agent", config: slow },
        { id: "second", kind, config: { ...config, agent_id: second } },
        ...handles.map((handle) => ({ id: `out_${handle}`, kind: "output" })),
      ],
      [["in", "first"], ["first", "second"], ...handles.map((handle): Edge => ["second", `out_${handle}`, handle])],
    ),
    // Nothing is asked of the graph of a pattern that is not available yet.
    "custom",
  );
  const id = await testRun(company, pipeline);
  await eventually(async () => {
    const { body } = await company.call("GET", `/runs/${id}/steps?node_id=first`);
    return body.items.find(({ status }: { status: string }) => status === "running");
  }, "the first step works");
  return { id, second };
}

/** What the run came to; everything that was under way is kept, nothing more has begun. */
async function stoppedBy({ company }: Lab, id: string) {
  const run = await ended(company, id);
  const steps = await pages(company, `/runs/${id}/steps`);
  expect(steps.map(({ node_id, status }) => [node_id, status])).toEqual([
    ["first", "completed"],
    ["in", "completed"],
  ]);
  const audit = await company.call("GET", `/audit/resources/run/${id}`);
  return { run, entry: audit.body.items.find(({ action }: { action: string }) => action === "run.stopped") };
}

describe("a run stops at its next step, with the reason,", () => {
  it.each(["agent", "router", "synthesizer"] as const)(
    "when the agent of that step was archived by force: %s",
    async (kind) => {
      const { id, second } = await underWay(one, kind);
      expect((await one.company.call("POST", `/agents/${second}/archive`, { force: true })).status).toBe(200);
      const { run, entry } = await stoppedBy(one, id);
      expect(run).toMatchObject({ status: "stopped", error: { code: "agent_archived", node_id: "second" } });
      expect(entry).toMatchObject({ outcome: "denied", reason: "agent_archived" });
    },
  );

  const table = stackTable();
  const changes = [
    [
      "organization_suspended",
      "the organization is suspended",
      (lab: Lab, undo: boolean) => {
        const own = table.of(lab.company.organization_id);
        return own.transact([
          own.writes.update(organizationItem, {}, { set: { status: undo ? "active" : "suspended" } }),
        ]);
      },
    ],
    [
      "starter_removed",
      "who started it is suspended as a member",
      (lab: Lab, undo: boolean) => {
        const own = table.of(lab.company.organization_id);
        const { user_id } = lab.company;
        return own.transact([
          own.writes.update(
            membershipItem,
            { user_id },
            { set: { status: undo ? "active" : "suspended", role: "org_owner", ...LISTED } },
          ),
        ]);
      },
    ],
    [
      "starter_removed",
      "who started it is suspended everywhere",
      (lab: Lab, undo: boolean) => {
        const platform = table.of(PLATFORM);
        const { user_id: id } = lab.company;
        return platform.transact([
          platform.writes.update(userItem, { id }, { set: { status: undo ? "active" : "suspended" } }),
        ]);
      },
    ],
    [
      "starter_not_permitted",
      "who started it may not start runs any more",
      (lab: Lab, undo: boolean) => {
        const own = table.of(lab.company.organization_id);
        const { user_id } = lab.company;
        return own.transact([
          own.writes.update(
            membershipItem,
            { user_id },
            { set: { status: "active", role: undo ? "org_owner" : "viewer", ...LISTED } },
          ),
        ]);
      },
    ],
  ] as const;

  it.each(changes)("%s: when %s", async (code, _, change) => {
    const { id } = await underWay(one);
    await change(one, false);
    const own = table.of(one.company.organization_id);
    await eventually(async () => {
      const state = await own.get(runStateItem, { run_id: id });
      return state?.status === "running" ? undefined : state;
    }, "the run ends");
    await change(one, true);
    const { run, entry } = await stoppedBy(one, id);
    expect(run).toMatchObject({ status: "stopped", error: { code, node_id: "second" } });
    expect(entry).toMatchObject({ outcome: "denied", reason: code, actor: { type: "system", id: "run_rights" } });
  });
});
