import { S3Client } from "@aws-sdk/client-s3";
import { expect, inject, it } from "vitest";
import { findRun } from "../../../functions/runs/store.ts";
import { clear, look } from "../../../functions/suites/consumers.ts";
import {
  readSuiteRun,
  suiteCaseItem,
  suiteItem,
  suitePassRateItem,
  suiteRunDue,
} from "../../../functions/suites/store.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { createFiles } from "../../../shared/blobs/s3.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { newId } from "../../../shared/ids.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { graphOf, pipelineWith } from "../../e2e/runs/setup.ts";
import type { Company } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { tracesOf } from "../../support/leftovers.ts";
import { roomyCompany } from "../../support/plans.ts";
import { awsConfig, stackTable } from "../../support/stack.ts";
import { caseOf, did, suiteOf } from "../../support/suites.ts";
import { jobOf, workerDeps } from "./harness.ts";

const nodes = [
  { id: "in", kind: "input" },
  { id: "out", kind: "output" },
];
const pipelineOf = (company: Company) => pipelineWith(company, graphOf(nodes, [["in", "out"]]), "custom");
const told = (tenant: string, type: string, data: Record<string, unknown>): Envelope => ({
  id: newId("event", new Date()),
  type,
  version: 1,
  organization_id: tenant,
  actor: { type: "system", id: "test" },
  occurred_at: new Date().toISOString(),
  trace_id: newId("request", new Date()),
  data,
});

it("suites go with what they were of: jobs that go on are ended, and nothing of them stays, though it is cleared twice", async () => {
  const company = await roomyCompany();
  const tenant = company.organization_id;
  const own = stackTable().of(tenant);
  const pipeline = await pipelineOf(company);
  const suite = await suiteOf(company, pipeline);
  const one = await caseOf(company, suite.id, { input: "x".repeat(20_000) });
  const job = await jobOf(company, suite.id);
  await look({ tenant, kind: suiteRunDue.kind, ref: job, at: "" }, workerDeps());
  const run_id = (await readSuiteRun(own, job))?.open[0]?.run_id ?? "";
  const places: string[] = [];
  const deps = { ...workerDeps(), files: { removeAll: async (place: string) => void places.push(place) } };
  for (let i = 0; i < 2; i++) await clear(told(tenant, "pipeline.purged", { pipeline_id: pipeline, name: "P" }), deps);
  expect((await company.call("GET", `/suites/${suite.id}`)).status).toBe(404);
  expect((await own.get(quotaItem, { resource: "suites" }))?.used).toBe(0);
  const gone = { suite_id: suite.id, name: suite.name, kind: "pipeline", target_id: pipeline };
  for (let i = 0; i < 2; i++) await clear(told(tenant, "suite.deleted", gone), deps);
  expect((await findRun(own, run_id))?.state.status).toBe("stopped");
  const { types } = await tracesOf(suite.id, job);
  expect(types.filter((type) => type.startsWith("suite"))).toEqual([]);
  expect((await dueOf(tenant)).filter(({ ref }) => ref === job)).toEqual([]);
  expect(places.some((place) => place.startsWith("versions/") && place.includes(one.id))).toBe(true);
  expect(places.some((place) => place.startsWith("runs/") && place.includes(job))).toBe(true);
});

it("of a suite with more jobs than can be cleared what expires by itself is what stays", async () => {
  const company = await roomyCompany();
  const tenant = company.organization_id;
  const own = stackTable().of(tenant);
  const target_id = await pipelineOf(company);
  const suite = await suiteOf(company, target_id);
  await caseOf(company, suite.id);
  const job = await jobOf(company, suite.id);
  const rate = { kind: "pipeline" as const, target_id, suite_id: suite.id, suite_name: suite.name, version: 1 };
  const counts = { passed: 1, failed: 0, errors: 0, skipped: 0 };
  const over = { total: 1, counts, pass_rate: 1, finished_at: new Date().toISOString(), suite_run_id: job };
  await own.transact([
    own.writes.put(suitePassRateItem, { ...rate, ...over }),
    own.writes.remove(suiteItem, { id: suite.id }, {}),
  ]);
  const deps = {
    ...workerDeps(),
    files: {
      removeAll: async (place: string) => {
        if (place.startsWith("runs/")) throw new Error("the time is over");
      },
    },
  };
  const gone = { suite_id: suite.id, name: suite.name, kind: "pipeline", target_id };
  await expect(clear(told(tenant, "suite.deleted", gone), deps)).rejects.toThrow("the time is over");
  expect((await own.page(suiteCaseItem, { of: { suite_id: suite.id }, limit: 10 })).items).toEqual([]);
  expect((await own.page(suitePassRateItem, { of: { target_id }, limit: 10 })).items).toEqual([]);
});

it("of the large inputs of a case there is the one that it has: refused and former ones leave no file", async () => {
  const company = await roomyCompany();
  const own = stackTable().of(company.organization_id);
  const suite = await suiteOf(company, await pipelineOf(company));
  const s3 = new S3Client({ ...awsConfig(), forcePathStyle: true });
  const files = createFiles(sdk, s3, inject("stack").outputs.BucketName ?? "");
  const all = () => files.page(`versions/${company.organization_id}/`);
  const input = (sign: string) => sign.repeat(20_000);
  const one = await caseOf(company, suite.id, { input: input("a") });
  const path = `/suites/${suite.id}/cases/${one.id}`;
  const kept = async () => {
    const stored = await own.get(suiteCaseItem, { suite_id: suite.id, id: one.id });
    return stored !== undefined && "key" in stored.input ? [stored.input.key] : [];
  };
  // Also to what it was before, and to the same again.
  for (const sign of ["b", "a", "a"]) {
    expect((await did(company, "PATCH", path, { input: input(sign) })).input).toBe(input(sign));
    expect(await files.page(versionFiles(own.tenant, one.id))).toEqual(await kept());
  }
  const changes = ["c", "d", "e", "f"].map((sign) => company.call("PATCH", path, { input: input(sign) }));
  for (const { status } of await Promise.all(changes)) expect(status).toBe(200);
  expect(await files.page(versionFiles(own.tenant, one.id))).toEqual(await kept());
  expect((await did(company, "GET", path)).input).toHaveLength(20_000);
  await own.transact([own.writes.update(suiteItem, { id: suite.id }, { set: { cases: 499 } })]);
  const before = (await all()).length;
  const assertions = [{ kind: "status", status: "completed" }];
  const add = () => company.call("POST", `/suites/${suite.id}/cases`, { name: "Large", input: input("g"), assertions });
  expect((await Promise.all([add(), add(), add()])).map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expect((await add()).status).toBe(409);
  expect(await all()).toHaveLength(before + 1);
  await did(company, "PATCH", path, { input: "small" });
  expect(await files.page(versionFiles(own.tenant, one.id))).toEqual([]);
});
