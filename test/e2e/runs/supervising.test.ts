import { beforeAll, describe, expect, it } from "vitest";
import { runItem } from "../../../functions/runs/store.ts";
import { primaryKey } from "../../../shared/dynamo/item.ts";
import { scriptedModel } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { itemsOf } from "../../support/leftovers.ts";
import { activeAgent, ended, graphOf, pages, pipelineWith, redraw, testRun } from "./setup.ts";

let company: Company;
let model_id: string;
let boss: string;
let helper: string;
let broken: string;
let pipeline: string;

const graph = (config: object) =>
  graphOf(
    [
      { id: "in", kind: "input" },
      { id: "lead", kind: "supervisor", config: { agent_id: boss, ...config } },
      { id: "out", kind: "output" },
    ],
    [
      ["in", "lead"],
      ["lead", "out"],
    ],
  );
const team = () => [
  { name: "analyst", agent_id: helper, description: "Finds things out." },
  { name: "writer", agent_id: helper },
];

interface Child {
  readonly called_by: { readonly index: number };
}

interface Task {
  readonly worker?: string;
  readonly task: string;
  readonly skills?: readonly string[];
}
const delegate = (...delegations: Task[]) =>
  JSON.stringify({ finish: false, answer: "", delegations, reason: "It takes them." });
const finish = (answer: string) => JSON.stringify({ finish: true, answer, delegations: [], reason: "Enough." });
/** The message that makes the scripted model say these one after the other: each once the round before has come back. */
const says = (first: string, ...then: string[]) =>
  `${unique("A leak")}. [[say:${first}]]${then.map((text, i) => `[[when:Round ${i + 1}, => ${text}]]`).join("")}`;

async function run(config: object, message: string) {
  await redraw(company, pipeline, graph({ workers: team(), ...config }));
  const id = await testRun(company, pipeline, { input: { message } });
  const run = await ended(company, id);
  const within = (await company.call("GET", `/runs?parent_run_id=${id}&limit=100`)).body.items;
  // Those of one moment have no order of their own.
  const children = within.toSorted((a: Child, b: Child) => a.called_by.index - b.called_by.index);
  const [step] = (await pages(company, `/runs/${id}/steps`)).filter(({ node_id }) => node_id === "lead");
  return { run, children, step };
}

beforeAll(async () => {
  company = await registerCompany();
  model_id = await scriptedModel(company);
  boss = await activeAgent(company, { model_id, system_prompt: "You lead." });
  helper = await activeAgent(company, { model_id, system_prompt: "You help." });
  const never = { type: "object", properties: { x: { type: "string", pattern: "^never$" } }, required: ["x"] };
  broken = await activeAgent(company, { model_id, response_schema: never });
  pipeline = await pipelineWith(company, graph({ workers: team() }), "supervisor");
});

describe("a supervisor", () => {
  it("delegates twice, side by side in each round, and stops with its answer", async () => {
    const message = says(
      delegate({ worker: "analyst", task: "Find the leak." }, { worker: "writer", task: "List the tools." }),
      delegate({ worker: "writer", task: "Write it up." }),
      finish("The roof is mended."),
    );
    const { run: one, children, step } = await run({}, message);
    expect(one.status, JSON.stringify(one.error)).toBe("completed");
    const told = (round: number, worker: string, task: string, i: number) => ({
      round,
      worker,
      agent_id: helper,
      task,
      run_id: children[i].id,
      outcome: "succeeded",
      text: `You said: ${task}`,
    });
    expect(one.output).toEqual({
      text: "The roof is mended.",
      delegations: [
        told(1, "analyst", "Find the leak.", 0),
        told(1, "writer", "List the tools.", 1),
        told(2, "writer", "Write it up.", 2),
      ],
      reasons: ["It takes them.", "It takes them.", "Enough."],
      rounds: 2,
      stopped_by: "supervisor",
    });
    expect(children).toMatchObject(
      [0, 1, 2].map((index) => ({
        kind: "agent",
        status: "completed",
        called_by: { node_id: "lead", attempt: 1, index },
        depth: 2,
        trace_id: one.trace_id,
        pinned: { pipeline_id: null, agents: { [helper]: one.pinned.agents[helper] } },
      })),
    );
    expect(step.waits_for).toBe("runs");
    // Three decisions and three answers, each paid once.
    const usage = (await company.call("GET", `/runs/${one.id}`)).body.totals;
    const within = children.reduce(
      (sum: number, { totals }: { totals: { tokens_in: number } }) => sum + totals.tokens_in,
      0,
    );
    expect(usage.tokens_in).toBeGreaterThan(within);
    expect(step.tokens_in).toBe(usage.tokens_in);
  });

  it("answers at once where it needs nobody, and then nothing waits", async () => {
    const { run: one, children, step } = await run({}, says(finish("Dry.")));
    expect(one.output).toEqual({
      text: "Dry.",
      delegations: [],
      reasons: ["Enough."],
      rounds: 0,
      stopped_by: "supervisor",
    });
    expect([children, step.waits_for]).toEqual([[], null]);
  });

  it("is asked for its answer alone when its rounds are used up", async () => {
    const message = says(
      delegate({ worker: "analyst", task: "Look." }),
      JSON.stringify({ answer: "As far as we know.", reason: "No more rounds." }),
    );
    const { run: one } = await run({ max_rounds: 1 }, message);
    expect(one.output).toMatchObject({ text: "As far as we know.", rounds: 1, stopped_by: "max_rounds" });
  });

  it("is told what failed, and may have another try it", async () => {
    const workers = [
      { name: "clumsy", agent_id: broken },
      { name: "able", agent_id: helper },
    ];
    const message = says(
      delegate({ worker: "clumsy", task: "Mend it." }),
      delegate({ worker: "able", task: "Mend it." }),
      finish("Mended."),
    );
    const { run: one } = await run({ workers }, message);
    expect(one.output.text).toBe("Mended.");
    expect(one.output.delegations.map(({ worker, outcome }: Record<string, string>) => [worker, outcome])).toEqual([
      ["clumsy", "failed"],
      ["able", "succeeded"],
    ]);
  });

  it("fails where no task of any round has succeeded", async () => {
    const workers = [{ name: "clumsy", agent_id: broken }, { agent_id: broken }];
    const { run: one } = await run({ workers, max_rounds: 1 }, says(delegate({ worker: "clumsy", task: "Mend it." })));
    expect([one.status, one.error.code]).toEqual(["failed", "delegations_failed"]);
  });

  it.each([
    ["neither tasks nor an end", delegate()],
    ["an end without an answer", finish(" ")],
  ])("fails with one outcome where its model answers %s", async (_, answer) => {
    const { run: one, children } = await run({}, says(answer));
    expect([one.status, one.error.code, children]).toEqual(["failed", "decision_invalid", []]);
    expect(one.totals.tokens_in).toBeGreaterThan(0);
  });

  it("has its policy: what stands in for its failure goes on", async () => {
    const { run: one } = await run({ on_failure: "fallback", fallback: { text: "Later." } }, says(delegate()));
    expect([one.status, one.output]).toEqual(["completed", { text: "Later." }]);
  });

  it("gives tasks by turn under round_robin, and is not asked whom", async () => {
    const message = says(delegate({ task: "1" }, { task: "2" }, { task: "3" }), finish("Done."));
    const { run: one } = await run({ selection: "round_robin" }, message);
    expect(one.output.delegations.map(({ worker }: { worker: string }) => worker)).toEqual([
      "analyst",
      "writer",
      "analyst",
    ]);
  });

  it("finds workers by the capabilities of their agents; where none has any of the skills that is told it", async () => {
    const able = await activeAgent(company, {
      model_id,
      capabilities: [{ id: "mend.roof", name: "Roofs", tags: ["ladder"] }],
    });
    const workers = [
      { name: "anybody", agent_id: helper },
      { name: "roofer", agent_id: able },
    ];
    const message = says(
      delegate({ task: "Mend.", skills: ["Ladder"] }, { task: "Sing.", skills: ["opera"] }),
      finish("Mended."),
    );
    const { run: one, children } = await run({ workers, selection: "capability" }, message);
    expect(one.output.delegations).toMatchObject([
      { worker: "roofer", agent_id: able, outcome: "succeeded" },
      { worker: null, agent_id: null, run_id: null, outcome: "failed" },
    ]);
    expect(children).toHaveLength(1);
  });

  it("stops with its workers when the run is stopped", async () => {
    await redraw(company, pipeline, graph({ workers: team() }));
    const slow = "\\u005b\\u005bdelay:60000\\u005d\\u005d";
    const message = says(delegate({ worker: "analyst", task: "Wait." }).replace("Wait.", `Wait. ${slow}`));
    const id = await testRun(company, pipeline, { input: { message } });
    const child = await eventually(async () => {
      const [one] = (await company.call("GET", `/runs?parent_run_id=${id}`)).body.items;
      return one?.status === "running" ? one : undefined;
    }, "its worker works");
    await company.call("POST", `/runs/${id}/stop`);
    expect(await ended(company, child.id)).toMatchObject({ status: "stopped", error: { code: "parent_ended" } });
  });

  it("leaves nothing behind when its run is deleted", async () => {
    const { run: one, children } = await run({}, says(delegate({ worker: "analyst", task: "Look." }), finish("Seen.")));
    const ids = [one.id, ...children.map(({ id }: { id: string }) => id)];
    const kept = () => Promise.all(ids.map((id) => itemsOf(primaryKey(runItem, company.organization_id, { id }).pk)));
    expect((await kept()).map((items) => items.length > 0)).toEqual([true, true]);
    expect((await company.call("DELETE", `/runs/${one.id}`)).status).toBe(204);
    await eventually(async () => {
      return (await kept()).flat().length === 0 ? true : undefined;
    }, "everything of it is gone");
  });

  it("is asked again in a retry only where its step has not succeeded", async () => {
    const message = says(delegate({ worker: "analyst", task: "Look." }), finish("Seen."));
    const { run: one } = await run({}, message);
    const retried = await company.call("POST", `/runs/${one.id}/retry`, { from: "failed_step" });
    expect(retried.status, retried.text).toBe(202);
    const again = await ended(company, retried.body.id);
    expect([again.output, again.totals.tokens_in]).toEqual([one.output, 0]);
  });
});
