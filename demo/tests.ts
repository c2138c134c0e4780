import { randomBytes } from "node:crypto";
import { Client } from "./client.ts";
import { bold, dim, green, red, table } from "./show.ts";
import { must, Story, until } from "./story.ts";
import { mailed, PROOF } from "./system.ts";

/** A recorded run becomes a test case; the suite runs as a job on one revision after the other, and its report says what was broken. */
export async function tell(gateway: string): Promise<boolean> {
  const api = new Client(gateway);
  const story = new Story();
  const tag = randomBytes(3).toString("hex");
  const agents: Record<string, string> = {};
  let pipeline = "";
  let suite = "";

  console.log(bold(`Kaizen Studio at ${gateway}/api/v1`));

  /** Draws the pipeline anew: an agent answers, and a transform says how it is passed on. */
  const draw = async (expression: string) => {
    const kinds = [
      { id: "in", kind: "input", config: {} },
      { id: "answer", kind: "agent", config: { agent_id: agents.Answerer } },
      { id: "shape", kind: "transform", config: { expression } },
      { id: "out", kind: "output", config: {} },
    ];
    const nodes = kinds.map((node) => ({ ...node, label: node.id }));
    const connections = [0, 1, 2].map((i) => ({ id: `c${i}`, source: nodes[i]?.id, target: nodes[i + 1]?.id }));
    const saved = await api.call("PUT", `/pipelines/${pipeline}/graph`, { body: { nodes, connections }, expect: 200 });
    must(saved.body.validation.valid, "the graph is not valid");
  };

  /** Runs the suite as a job and shows its report. */
  const run = async () => {
    const { id } = await api.post(`/suites/${suite}/runs`, {}, 202);
    const job = await until("the job to end", async () => {
      const found = await api.get(`/suite-runs/${id}`, true);
      return found.status === "running" ? undefined : found;
    });
    const report = await api.get(`/suite-runs/${id}/report`);
    // biome-ignore lint/suspicious/noExplicitAny: an answer of the API as it is
    const rows = report.results.map((one: any) => [
      one.outcome === "passed" ? green("passed") : red(one.outcome),
      one.name,
      `${one.latency_ms ?? 0} ms`,
      // biome-ignore lint/suspicious/noExplicitAny: an answer of the API as it is
      one.assertions.map(({ kind, message }: any) => `${kind}: ${message}`).join("; "),
    ]);
    console.log(table(["Outcome", "Case", "Time", "What does not hold"], rows).replaceAll(/^/gm, "   "));
    return { id, job, came: `revision ${job.version}: ${job.counts.passed} of ${job.total} passed` };
  };

  await story.step("A company with a pipeline that answers customers, and an agent that judges", async () => {
    const email = `ada-${tag}@example.com`;
    await api.post("/auth/register", { email, name: "Ada", organization_name: `Tests ${tag}` }, 202);
    const password = randomBytes(12).toString("base64url");
    const token = await mailed(gateway, email, PROOF);
    api.token = (await api.post("/auth/verify-email", { token, password }, 201)).tokens.access_token;
    const { items } = await api.get("/models");
    const model = items.find(({ status }: { status: string }) => status === "available");
    must(model !== undefined, "no model can be used");
    for (const [name, system_prompt] of [
      ["Answerer", "You answer customers in one sentence."],
      ["Judge", "You judge answers by a rubric."],
    ] as const) {
      const body = { name: `${name} ${tag}`, agent_type: "task", model_id: model.id, system_prompt };
      const { id } = await api.post("/agents", body, 201);
      await api.post(`/agents/${id}/activate`, {}, 200, true);
      agents[name] = id;
    }
    // The graph is of no pattern with rules of its own.
    pipeline = (await api.post("/pipelines", { name: `Answers ${tag}`, pattern: "custom" }, 201)).id;
    await draw('{"answer": input.text, "words": $count($split(input.text, " "))}');
    return `${Object.keys(agents).length} agents, 1 pipeline`;
  });

  await story.step("A run that was good is kept as a case: its input, and what it answered", async () => {
    const input = { message: "[[say:You get 20 euros back.]] Where is my refund?" };
    const { id: run_id } = await api.post(`/pipelines/${pipeline}/runs`, { mode: "test", input }, 202);
    const done = await until("the run to end", async () => {
      const found = await api.get(`/runs/${run_id}`, true);
      return ["queued", "running"].includes(found.status) ? undefined : found;
    });
    must(done.status === "completed", `the run has ended as ${done.status}`);
    suite = (await api.post(`/pipelines/${pipeline}/suites`, { name: "Refunds" }, 201)).id;
    const kept = { name: "A refund", from_run_id: run_id, expect_output: true };
    const { assertions } = await api.post(`/suites/${suite}/cases`, kept, 201);
    return `the output has to equal ${JSON.stringify(assertions[0].value)}`;
  });

  await story.step(
    "Other cases say less, and more: patterns, JSONata, a schema, cost, and a judge with a rubric",
    async () => {
      const says = JSON.stringify({ score: 0.9, reason: "It says how much comes back." });
      const cases = [
        {
          name: "Short and cheap",
          input: { message: "[[say:Tomorrow.]] When?" },
          assertions: [
            { kind: "matches", path: "answer", pattern: "^Tomorrow" },
            { kind: "json_path", expression: "output.words <= 20" },
            { kind: "json_schema", schema: { type: "object", required: ["answer", "words"] } },
            { kind: "max_cost_usd_micros", value: 1_000_000 },
          ],
        },
        {
          name: "Judged",
          input: { message: "How much do I get back?" },
          assertions: [
            {
              kind: "judged",
              agent_id: agents.Judge,
              rubric: `Does it answer the question? [[say:${says}]]`,
              min_score: 0.8,
            },
          ],
        },
        {
          name: "No promises",
          input: { message: "[[say:We will see.]] Do you promise?" },
          assertions: [{ kind: "not_contains", path: "answer", value: "promise" }],
        },
      ];
      for (const one of cases) await api.post(`/suites/${suite}/cases`, one, 201);
      return `${cases.length} cases more`;
    },
  );

  await story.step("The suite runs as one job", async () => {
    const { job, came } = await run();
    must(job.counts.passed === 4, "a case has not passed");
    return came;
  });

  await story.step("A new revision breaks what customers get, and the suite says so", async () => {
    await draw('{"answer": "Dear customer, " & input.text, "words": $count($split(input.text, " "))}');
    const { id, job, came } = await run();
    must(job.counts.failed === 2 && job.counts.passed === 2, "something else was broken");
    const xml = await (
      await fetch(`${gateway}/api/v1/suite-runs/${id}/junit.xml`, { headers: { authorization: `Bearer ${api.token}` } })
    ).text();
    must(xml.includes('failures="2"'), "JUnit says something else");
    console.log(
      xml
        .split("\n")
        .filter((line) => /<testsuite |<testcase|<failure/.test(line))
        .map((line) => dim(`   ${line}`))
        .join("\n"),
    );
    return came;
  });

  await story.step("The pass rate is kept for each revision", async () => {
    const { items } = await api.get(`/pipelines/${pipeline}/pass-rates`);
    // biome-ignore lint/suspicious/noExplicitAny: an answer of the API as it is
    const rates = items.map(({ version, pass_rate }: any) => `revision ${version}: ${pass_rate * 100} %`);
    must(rates.length === 2, "a rate is missing");
    return rates.join(", ");
  });

  console.log(`\n${story.summary()}`);
  console.log(dim("\nAll of it against the scripted model of the local system."));
  return story.complete;
}
