import { randomBytes } from "node:crypto";
import { approveFromMail } from "./browser.ts";
import { Client } from "./client.ts";
import { bold, dim } from "./show.ts";
import { must, Story, until } from "./story.ts";
import { APPROVAL_LINK, LINK, mailed, PROOF } from "./system.ts";
import { drawTrace } from "./trace.ts";

/** Somebody joins who may approve. @returns their address */
async function colleague(gateway: string, api: Client, tag: string): Promise<string> {
  const email = `grace-${tag}@example.com`;
  await api.post("/invitations", { email, role: "org_admin" }, 201, true);
  const token = await mailed(gateway, email, LINK);
  const password = randomBytes(12).toString("base64url");
  await new Client(gateway).post("/auth/join", { token, name: "Grace", password }, 201, true);
  return email;
}

interface Delegated {
  readonly called_by: { readonly node_id: string; readonly index: number };
  readonly totals: object;
}

/** Every pattern that there is, drawn by one call, run, and shown: who ran when, what was chosen, rounds and votes. */
export async function tell(gateway: string): Promise<boolean> {
  const api = new Client(gateway);
  const story = new Story();
  const tag = randomBytes(3).toString("hex");
  const email = `ada-${tag}@example.com`;
  const agents: Record<string, { agent_id: string; label: string }> = {};
  const place = (name: string) => {
    const agent = agents[name];
    if (agent === undefined) throw new Error(`there is no agent ${name}`);
    return agent;
  };

  console.log(bold(`Kaizen Studio at ${gateway}/api/v1`));

  await story.step("A company and its agents", async () => {
    await api.post("/auth/register", { email, name: "Ada", organization_name: `Patterns ${tag}` }, 202);
    const password = randomBytes(12).toString("base64url");
    const token = await mailed(gateway, email, PROOF);
    api.token = (await api.post("/auth/verify-email", { token, password }, 201)).tokens.access_token;
    const { items } = await api.get("/models");
    const model = items.find(({ status }: { status: string }) => status === "available");
    must(model !== undefined, "no model can be used");
    const answers = (properties: object) => ({
      response_schema: { type: "object", properties, required: Object.keys(properties), additionalProperties: false },
    });
    const made: readonly [name: string, prompt: string, more?: object][] = [
      ["Writer", "You write one short paragraph."],
      ["Editor", "You make one text of what others have written."],
      ["Advocate", "You argue for the side that you are given."],
      ["Router", "You sort customers' messages."],
      ["Voter", "You decide whether to ship.", answers({ verdict: { enum: ["ship", "wait"] } })],
      ["Doubter", "You never ship on a Friday.", answers({ verdict: { const: "wait" } })],
      ["Desk", "You answer what is simple.", answers({ escalate: { const: true } })],
      ["Engineer", "You find what is broken."],
      ["Detective", "You look for clues.", answers({ clue: { const: "water" }, solved: { const: false } })],
      ["Solver", "You say when it is solved.", answers({ solved: { const: true } })],
    ];
    for (const [name, system_prompt, more] of made) {
      const body = { name: `${name} ${tag}`, agent_type: "task", model_id: model.id, system_prompt, ...more };
      const { id } = await api.post("/agents", body, 201);
      await api.post(`/agents/${id}/activate`, {}, 200, true);
      agents[name] = { agent_id: id, label: name };
    }
    return `${made.length} agents on ${model.id}`;
  });

  /** The runs that a supervisor has had its workers do, each as a step of the trace. */
  const delegations = async (run_id: string) => {
    const { items } = await api.get(`/runs?parent_run_id=${run_id}`, true);
    return items.map((run: Delegated) => ({
      ...run,
      ...run.totals,
      node_id: `${run.called_by.node_id} → ${run.called_by.index + 1}`,
      model: "",
    }));
  };

  /** Draws, runs and shows a pattern, and archives it: the plan has room for five. */
  const play = async (pattern: { readonly name: string; readonly [part: string]: unknown }, input: unknown) => {
    const { id } = await api.post("/pipelines/from-pattern", { name: `${pattern.name} ${tag}`, pattern }, 201);
    const { errors, warnings } = await api.post(`/pipelines/${id}/validate`, undefined, 200, true);
    must(errors.length + warnings.length === 0, "the graph of the pattern is not valid");
    const { id: run_id } = await api.post(`/pipelines/${id}/runs`, { mode: "test", input }, 202);
    const run = await until("the run to end", async () => {
      const found = await api.get(`/runs/${run_id}`, true);
      return ["queued", "running"].includes(found.status) ? undefined : found;
    });
    const steps = await api.all(`/runs/${run_id}/steps`);
    const delegated = await delegations(run_id);
    drawTrace([...steps, ...delegated]);
    await api.call("DELETE", `/pipelines/${id}`, { expect: 204, quiet: true });
    must(run.status === "completed", `the run has ended as ${run.status}`);
    const ran = steps.filter(({ status }: { status: string }) => status === "completed");
    const { tokens_in, tokens_out, cost_usd_micros } = run.totals;
    return {
      output: run.output,
      delegated,
      began: (prefix: string) => ran.filter(({ node_id }: { node_id: string }) => node_id.startsWith(prefix)).length,
      came: `${ran.length} steps, ${tokens_in + tokens_out} tokens, ${(cost_usd_micros / 1e6).toFixed(6)} $`,
    };
  };

  await story.step("Sequential: each gets what the one before has answered", async () => {
    const order = ["Writer", "Editor", "Engineer"].map(place);
    const { began, came } = await play({ name: "sequential", agents: order }, { message: "A leak in the roof." });
    must(began("step_") === 3, "an agent has not run");
    return came;
  });

  await story.step("Parallel: three writers side by side, and a judge", async () => {
    const writers = [1, 2, 3].map(() => place("Writer"));
    const pattern = { name: "parallel", agents: writers, judge: place("Editor") };
    const { began, came } = await play(pattern, { message: "Why do roofs leak? [[delay:400]]" });
    must(began("branch_") === 3 && began("join") === 1, "a writer or the judge is missing");
    return came;
  });

  await story.step("Router: an agent chooses by what the routes are for, and says how sure it is", async () => {
    const routes = [
      { handle: "billing", description: "Invoices and payments.", agent: place("Desk") },
      { handle: "technical", description: "Something does not work.", agent: place("Engineer") },
    ];
    const pattern = { name: "router", strategy: "semantic", router: place("Router"), routes, default: place("Writer") };
    const says = JSON.stringify({ handle: "technical", confidence: 0.93, reason: "A leak is something broken." });
    const { began, came } = await play(pattern, { message: `The roof leaks. [[say:${says}]]` });
    must(began("to_") === 1 && began("to_2") === 1, "another route was taken");
    return came;
  });

  await story.step("Supervisor: delegates twice, hears what came back, and stops", async () => {
    const delegate = (...delegations: object[]) =>
      JSON.stringify({ finish: false, answer: "", delegations, reason: "It takes them." });
    const first = delegate(
      { worker: "engineer", task: "Find out where the water comes in." },
      { worker: "writer", task: "Write to the tenants that it is being looked at." },
    );
    const second = delegate({ worker: "writer", task: "Write to the tenants what was found." });
    const answer = "The gutter was blocked; the tenants know.";
    const end = JSON.stringify({ finish: true, answer, delegations: [], reason: "Both are done." });
    const { output, delegated, came } = await play(
      {
        name: "supervisor",
        supervisor: place("Editor"),
        workers: [
          { name: "engineer", agent_id: place("Engineer").agent_id, description: "Finds what is broken." },
          { name: "writer", agent_id: place("Writer").agent_id, description: "Writes to people." },
        ],
      },
      { message: `The roof leaks. [[say:${first}]][[when:Round 1, => ${second}]][[when:Round 2, => ${end}]]` },
    );
    must(output.rounds === 2 && output.stopped_by === "supervisor", "it has not delegated twice and stopped");
    must(delegated.length === 3 && output.text === answer, "a task is missing");
    for (const { round, worker, task, outcome } of output.delegations)
      console.log(dim(`   round ${round}: ${worker} · ${outcome} · ${task}`));
    return `${output.rounds} rounds, ${delegated.length} tasks; ${came}`;
  });

  await story.step("Ensemble: three experts, one answer", async () => {
    const experts = ["Writer", "Advocate", "Engineer"].map(place);
    const { came } = await play({ name: "ensemble", agents: experts, synthesizer: place("Editor") }, "The roof leaks.");
    return came;
  });

  await story.step("Consensus: a vote that needs more than half", async () => {
    const voters = ["Voter", "Voter", "Doubter"].map(place);
    const pattern = { name: "consensus", agents: voters, of: "object.verdict" };
    const { output, came } = await play(pattern, { message: "The roof is dry again: ship it." });
    must(output.choice === "ship" && output.votes === 2, "the vote went otherwise");
    return `${output.votes} of ${output.ballots} for "${output.choice}"; ${came}`;
  });

  await story.step("Debate: two rounds for and against, then the judge", async () => {
    const sides = { for: place("Advocate"), against: place("Advocate"), judge: place("Editor"), rounds: 2 };
    const { began, came } = await play({ name: "debate", ...sides }, { message: "Flat roofs." });
    must(began("for_") === 2 && began("against_") === 2 && began("judge") === 1, "a speech is missing");
    return came;
  });

  await story.step("Handoff: from the desk to the second and third tier", async () => {
    const tiers = ["Desk", "Desk", "Engineer"].map(place);
    const { began, came } = await play({ name: "handoff", agents: tiers }, { message: "The roof leaks." });
    must(began("tier_") === 3, "a tier was left out");
    return came;
  });

  await story.step("Blackboard: in rounds, until the condition holds", async () => {
    const until_solved = { path: "input.solved", op: "eq", value: true };
    const looking = { name: "blackboard", rounds: 3, until: until_solved };
    const first = await play({ ...looking, agents: ["Detective", "Solver"].map(place) }, { message: "Why is it wet?" });
    must(first.began("board_") === 1 && first.output.clue === "water", "it went on although it was solved");
    const all = await play(
      { ...looking, agents: ["Detective", "Detective"].map(place) },
      { message: "Why is it wet?" },
    );
    must(all.began("board_") === 3, "it ended although it was not solved");
    return `solved after 1 round; not solved after ${all.began("board_")}`;
  });

  await story.step("Approval: a run waits for somebody else, who approves by the link in a mail", async () => {
    const { agent_id } = place("Writer");
    const grace = await colleague(gateway, api, tag);
    const node = (id: string, kind: string, config: object = {}) => ({ id, kind, label: id, config });
    const message = "Shall this go to the customer?";
    const nodes = [
      node("in", "input"),
      node("write", "agent", { agent_id }),
      node("approve", "approval", { message, expires_in_seconds: 600 }),
      node("out", "output"),
    ];
    const ways = [["in"], ["write"], ["approve", "approved"]] as const;
    const connections = ways.map(([source, source_handle], i) => ({
      id: `c${i}`,
      source,
      target: nodes[i + 1]?.id,
      ...(source_handle === undefined ? {} : { source_handle }),
    }));
    const { id } = await api.post("/pipelines", { name: `approval ${tag}`, pattern: "custom" }, 201);
    await api.call("PUT", `/pipelines/${id}/graph`, { body: { nodes, connections }, expect: 200, quiet: true });
    const input = { message: "Answer Mr. Moss about the roof." };
    const { id: run_id } = await api.post(`/pipelines/${id}/runs`, { mode: "test", input }, 202);
    const link = await mailed(gateway, grace, APPROVAL_LINK);
    await approveFromMail(gateway, link);
    const run = await until("the run to end", async () => {
      const found = await api.get(`/runs/${run_id}`, true);
      return ["queued", "running"].includes(found.status) ? undefined : found;
    });
    const steps = await api.all(`/runs/${run_id}/steps`);
    drawTrace(steps);
    await api.call("DELETE", `/pipelines/${id}`, { expect: 204, quiet: true });
    must(run.status === "completed", `the run has ended as ${run.status}`);
    const [by] = run.output.decisions;
    must(by.decision === "approved" && by.comment === "Fine.", "somebody else has decided otherwise");
    return `approved by ${grace}: "${by.comment}"`;
  });

  console.log(`\n${story.summary()}`);
  console.log(dim("\nAll of it against the scripted model of the local system."));
  return story.complete;
}
