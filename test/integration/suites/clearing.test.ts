import { expect, it } from "vitest";
import { findRun } from "../../../functions/runs/store.ts";
import { clear, look } from "../../../functions/suites/consumers.ts";
import { readSuiteRun, suiteRunDue } from "../../../functions/suites/store.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { newId } from "../../../shared/ids.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { graphOf, pipelineWith } from "../../e2e/runs/setup.ts";
import { dueOf } from "../../support/due.ts";
import { tracesOf } from "../../support/leftovers.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackTable } from "../../support/stack.ts";
import { caseOf, suiteOf } from "../../support/suites.ts";
import { jobOf, workerDeps } from "./harness.ts";

it("suites go with what they were of: jobs that go on are ended, and nothing of them stays, though it is cleared twice", async () => {
  const company = await roomyCompany();
  const tenant = company.organization_id;
  const own = stackTable().of(tenant);
  const nodes = [
    { id: "in", kind: "input" },
    { id: "out", kind: "output" },
  ];
  const pipeline = await pipelineWith(company, graphOf(nodes, [["in", "out"]]), "custom");
  const suite = await suiteOf(company, pipeline);
  const one = await caseOf(company, suite.id, { input: "x".repeat(20_000) });
  const job = await jobOf(company, suite.id);
  await look({ tenant, kind: suiteRunDue.kind, ref: job, at: "" }, workerDeps());
  const run_id = (await readSuiteRun(own, job))?.open[0]?.run_id ?? "";
  const places: string[] = [];
  const deps = { ...workerDeps(), files: { removeAll: async (place: string) => void places.push(place) } };
  const told = (type: string, data: Record<string, unknown>): Envelope => ({
    id: newId("event", new Date()),
    type,
    version: 1,
    organization_id: tenant,
    actor: { type: "system", id: "test" },
    occurred_at: new Date().toISOString(),
    trace_id: newId("request", new Date()),
    data,
  });
  for (let i = 0; i < 2; i++) await clear(told("pipeline.purged", { pipeline_id: pipeline, name: "P" }), deps);
  expect((await company.call("GET", `/suites/${suite.id}`)).status).toBe(404);
  expect((await own.get(quotaItem, { resource: "suites" }))?.used).toBe(0);
  const gone = { suite_id: suite.id, name: suite.name, kind: "pipeline", target_id: pipeline };
  for (let i = 0; i < 2; i++) await clear(told("suite.deleted", gone), deps);
  expect((await findRun(own, run_id))?.state.status).toBe("stopped");
  for (const id of [suite.id, job]) {
    const { types } = await tracesOf(id);
    expect(types.filter((type) => type.startsWith("suite"))).toEqual([]);
  }
  expect((await dueOf(tenant)).filter(({ ref }) => ref === job)).toEqual([]);
  expect(places.some((place) => place.startsWith("versions/") && place.includes(one.id))).toBe(true);
  expect(places.some((place) => place.startsWith("runs/") && place.includes(job))).toBe(true);
});
