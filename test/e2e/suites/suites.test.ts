import { DOMParser } from "@xmldom/xmldom";
import { beforeAll, expect, it } from "vitest";
import { did, jobEnded, resultsOf, suiteOf } from "../../support/suites.ts";
import { ended, graphOf, type Lab, lab, pipelineWith, redraw, testRun } from "../runs/setup.ts";

let at: Lab;
let pipeline: string;
/** Says what it is asked, in other words: no model has to be asked. */
const echo = (label: string) =>
  graphOf(
    [
      { id: "in", kind: "input" },
      { id: "make", kind: "transform", config: { expression: `{"label": "${label}", "n": input.n}` } },
      { id: "out", kind: "output" },
    ],
    [
      ["in", "make"],
      ["make", "out"],
    ],
  );
beforeAll(async () => {
  at = await lab();
  pipeline = await pipelineWith(at.company, echo("first"), "custom");
});

it("a recorded run becomes a case; the suite runs as a job, whose report says what a new revision broke", async () => {
  const { company } = at;
  const run_id = await testRun(company, pipeline, { input: { n: 7 } });
  await ended(company, run_id);
  const suite = await suiteOf(company, pipeline);
  const recorded = await did(company, "POST", `/suites/${suite.id}/cases`, {
    name: "Seven & <more>",
    from_run_id: run_id,
    expect_output: true,
  });
  expect(recorded).toMatchObject({
    input: { n: 7 },
    from_run_id: run_id,
    assertions: [{ kind: "equals", value: { label: "first", n: 7 } }],
  });
  const started = await company.call("POST", `/suites/${suite.id}/runs`, {});
  expect([started.status, started.headers.get("location")]).toEqual([202, `/api/v1/suite-runs/${started.body.id}`]);
  expect(await jobEnded(company, started.body.id)).toMatchObject({
    status: "completed",
    version: 2,
    total: 1,
    counts: { passed: 1, failed: 0, errors: 0, skipped: 0 },
    pass_rate: 1,
  });

  await redraw(company, pipeline, echo("second"));
  const again = await did(company, "POST", `/suites/${suite.id}/runs`);
  expect(await jobEnded(company, again.id)).toMatchObject({
    version: 3,
    counts: { passed: 0, failed: 1 },
    pass_rate: 0,
  });
  const [result] = await resultsOf(company, again.id);
  expect(result).toMatchObject({
    outcome: "failed",
    case_id: recorded.id,
    assertions: [{ kind: "equals", passed: false, actual: '{"label":"second","n":7}' }],
  });
  expect((await company.call("GET", `/runs/${result.run_id}`)).body).toMatchObject({
    mode: "test",
    pinned: { revision: 3 },
    metadata: { suite_run_id: again.id, case_id: recorded.id },
  });
  expect(await did(company, "GET", `/suite-runs/${again.id}/report`)).toMatchObject({
    suite_run: { id: again.id, pass_rate: 0 },
    results: [{ name: "Seven & <more>", assertions_failed: 1 }],
  });
  const junit = await company.call("GET", `/suite-runs/${again.id}/junit.xml`);
  expect(junit.headers.get("content-type")).toBe("application/xml; charset=utf-8");
  const { documentElement } = new DOMParser().parseFromString(junit.text, "text/xml");
  const of = (name: string) => documentElement?.getElementsByTagName(name)[0];
  expect(["tests", "failures", "errors", "skipped"].map((name) => documentElement?.getAttribute(name))).toEqual([
    "1",
    "1",
    "0",
    "0",
  ]);
  expect(of("testcase")?.getAttribute("name")).toBe("Seven & <more>");
  expect([of("failure")?.getAttribute("type"), of("failure")?.getAttribute("message")]).toEqual([
    "equals",
    "is not equal",
  ]);
  const rates = await did(company, "GET", `/pipelines/${pipeline}/pass-rates`);
  expect(rates.items.map((one: { version: number; pass_rate: number }) => [one.version, one.pass_rate])).toEqual([
    [2, 1],
    [3, 0],
  ]);
});
