import { beforeAll, describe, expect, it } from "vitest";
import type { Company } from "../../support/api.ts";
import { activePolicy } from "../../support/policies.ts";
import { did, suiteOf } from "../../support/suites.ts";
import { ended, graphOf, lab, pipelineWith, testRun } from "../runs/setup.ts";

let company: Company;
let pipeline_id: string;
let secret: string;
let open: string;
beforeAll(async () => {
  const { agent_id, ...one } = await lab();
  company = one.company;
  const nodes = [
    { id: "in", kind: "input" },
    { id: "first", kind: "agent", config: { agent_id } },
    { id: "second", kind: "agent", config: { agent_id } },
    { id: "out", kind: "output" },
  ];
  pipeline_id = await pipelineWith(
    company,
    graphOf(nodes, [
      ["in", "first"],
      ["first", "second"],
      ["second", "out"],
    ]),
  );
  [secret, open] = await Promise.all([
    testRun(company, pipeline_id, { labels: ["secret"] }),
    testRun(company, pipeline_id, { labels: ["open"] }),
  ]);
  await Promise.all([ended(company, secret), ended(company, open)]);
});

const idsOf = async (path: string): Promise<string[]> =>
  (await did(company, "GET", path)).items.map(({ id }: { id: string }) => id);

/** Enforces a policy for as long as something is looked at. */
async function whileEnforced(denied: object, look: (policy: { id: string; name: string }) => Promise<void>) {
  const policy = await activePolicy(company, denied);
  await look(policy);
  await did(company, "POST", `/policies/${policy.id}/deactivate`);
}

async function refused(policy: { id: string; name: string }, method: string, path: string, body?: object) {
  const answer = await company.call(method, path, body);
  expect([path, answer.status, answer.body.policy]).toEqual([path, 403, { id: policy.id, name: policy.name }]);
}

describe("a policy that looks at runs", () => {
  it("hides each that it denies: alone, in its parts, beside another, in lists and in the history of tests", async () => {
    const conditions = { path: "resource.labels", op: "contains", value: "secret" };
    await whileEnforced({ resource_type: "run", action: "read", conditions }, async (policy) => {
      for (const part of ["", "/steps", "/logs", "/output", "/timeline", "/timeline.svg", "/trace"])
        await refused(policy, "GET", `/runs/${secret}${part}`);
      await refused(policy, "GET", `/test/executions/${secret}`);
      await refused(policy, "GET", `/runs/${open}/comparison/${secret}`);
      await refused(policy, "GET", `/runs/${secret}/comparison/${open}`);
      expect(await idsOf("/runs?limit=100")).toEqual([open]);
      expect(await idsOf(`/test/pipelines/${pipeline_id}/history?limit=100`)).toEqual([open]);
      expect((await company.call("GET", `/runs/${open}`)).status).toBe(200);
    });
    expect((await company.call("GET", `/runs/${open}/comparison/${secret}`)).status).toBe(200);
  });

  it("leaves what somebody else has started to whoever that was", async () => {
    const conditions = {
      not: { path: "resource.started_by", op: "eq", value: { $ref: "attribute", path: "principal.id" } },
    };
    await whileEnforced({ resource_type: "run", action: "delete", conditions }, async () => {
      const id = await testRun(company, pipeline_id);
      await ended(company, id);
      expect((await company.call("DELETE", `/runs/${id}`)).status).toBe(204);
    });
    const other = { path: "resource.started_by", op: "eq", value: company.user_id };
    await whileEnforced({ resource_type: "run", action: "delete", conditions: other }, async (policy) => {
      await refused(policy, "DELETE", `/runs/${open}`);
      const simulated = await did(company, "POST", "/policies/simulate", {
        operation: "runs.delete",
        resource_id: open,
      });
      expect(simulated.outcome).toBe("deny");
    });
  });

  it("tells tests from live runs", async () => {
    const conditions = { path: "resource.mode", op: "eq", value: "live" };
    await whileEnforced({ resource_type: "run", action: "read", conditions }, async () => {
      expect((await company.call("GET", `/runs/${open}`)).status).toBe(200);
    });
    const wrong = await company.call("POST", "/policies/validate-conditions", {
      resource_type: "run",
      conditions: { path: "resource.mode", op: "eq", value: "staging" },
    });
    expect([wrong.status, wrong.body.valid], wrong.text).toEqual([200, false]);
  });
});

describe("a policy about what is listed under another thing", () => {
  it("refuses the list as it refuses each", async () => {
    const suite = await suiteOf(company, pipeline_id);
    await whileEnforced({ resource_type: "suite", action: "read", conditions: {} }, async (policy) => {
      await refused(policy, "GET", `/suites/${suite.id}`);
      await refused(policy, "GET", `/pipelines/${pipeline_id}/suites`);
    });
    await whileEnforced({ resource_type: "suite_run", action: "read", conditions: {} }, async (policy) => {
      await refused(policy, "GET", `/suites/${suite.id}/runs`);
      expect((await company.call("GET", `/suites/${suite.id}`)).status).toBe(200);
    });
    expect(await idsOf(`/pipelines/${pipeline_id}/suites`)).toEqual([suite.id]);
  });
});
