import { createPublicKey, verify } from "node:crypto";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { describe, expect, inject, it } from "vitest";
import { certifier } from "../../../functions/organizations/erasure/certificate.ts";
import { type EraseDeps, eraseOrganization } from "../../../functions/organizations/erasure/erase.ts";
import { erasureItem, organizationErasure } from "../../../functions/organizations/erasure/store.ts";
import { founderItem } from "../../../functions/organizations/store.ts";
import { isLive } from "../../../functions/runs/model.ts";
import { runStateItem } from "../../../functions/runs/store.ts";
import { suiteRunItem } from "../../../functions/suites/store.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { placesOfTenant } from "../../../shared/blobs/purposes.ts";
import { createFiles } from "../../../shared/blobs/s3.ts";
import { isSecurityAction } from "../../../shared/change/commit.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM, slugItem, userOrganizationItem } from "../../../shared/identity/items.ts";
import * as kms from "../../../shared/secrets/lazy/kms.ts";
import { kmsKey } from "../../../shared/signing/kms.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { Crash, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { invited } from "../../support/invitations.ts";
import { allFiles, allItems } from "../../support/leftovers.ts";
import { addMember } from "../../support/members.ts";
import { awsConfig, stackTable } from "../../support/stack.ts";
import { places } from "../../support/thorough.ts";

/** A company with something of each kind, in the bucket too, and what is due of it. */
async function furnished() {
  const company = await registerCompany();
  const send = async (method: string, path: string, body?: unknown) => {
    const answer = await company.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const member = await addMember(company, "developer");
  const agent = await createAgent(company, {
    system_prompt: "p".repeat(20_000),
    workspace_ids: [company.workspace_id],
  });
  await send("POST", `/agents/${agent.id}/contexts`, {
    name: "Text",
    content_type: "text",
    content: "t".repeat(20_000),
  });
  await send("POST", `/agents/${agent.id}/activate`, {});
  const run = await send("POST", `/agents/${agent.id}/runs`, { input: "x".repeat(20_000) });
  const pipeline_id = (await send("POST", "/pipelines", { name: unique("Pipeline"), pattern: "sequential" })).id;
  const trigger = { kind: "cron", cron: "0 0 1 1 *" };
  const suite = await send("POST", `/agents/${agent.id}/suites`, { name: unique("Suite") });
  const assertions = [{ kind: "status", status: "completed" }];
  await send("POST", `/suites/${suite.id}/cases`, { name: "Case", input: "i".repeat(20_000), assertions });
  const job = await send("POST", `/suites/${suite.id}/runs`, {});
  await send("POST", "/schedules", { name: "Yearly", pipeline_id, trigger });
  await send("POST", "/webhooks", { name: "Nobody", url: "http://127.0.0.1:9/hook", events: ["agent.archived"] });
  const team = await send("POST", "/teams", { name: unique("Team") });
  await send("POST", `/teams/${team.id}/members`, { user_id: member.user_id });
  await invited(company);
  const { slug } = await send("GET", `/organizations/${company.organization_id}`);
  await send("DELETE", `/organizations/${company.organization_id}?confirm=${slug}`);
  // Of runs that were kept for each number of days, and of an upload that nobody has completed.
  const s3 = new S3Client({ ...awsConfig(), forcePathStyle: true });
  for (const place of placesOfTenant(company.organization_id))
    await s3.send(new PutObjectCommand({ Bucket: inject("stack").outputs.BucketName, Key: `${place}x/y`, Body: "x" }));
  const own = stackTable().of(company.organization_id);
  await eventually(async () => {
    const state = await own.get(runStateItem, { run_id: run.id });
    return state !== undefined && !isLive(state.status) ? true : undefined;
  }, "the run is stopped");
  await eventually(async () => {
    const { status } = (await own.get(suiteRunItem, { id: job.id })) ?? {};
    return status !== "running" ? true : undefined;
  }, "the job of the suite has ended");
  return { company, member, slug: String(slug) };
}

const files = () =>
  createFiles(sdk, new S3Client({ ...awsConfig(), forcePathStyle: true }), inject("stack").outputs.BucketName ?? "");
const endless = () => () => true;
/** Enough to see that no file is left, and for a page or two of each part of the table. */
const short = () => {
  let left = 16;
  return () => left-- > 0;
};
const certify = () => certifier(kmsKey(kms, new kms.KMSClient(awsConfig()), inject("stack").outputs.ProofKeyArn ?? ""));

/** What the deployed function does when it is due, until nothing is; `now` moves on to what is due next. */
async function comeToItsEnd(
  { organization_id }: Company,
  table: () => Table = stackTable,
  more: Partial<EraseDeps> = {},
) {
  for (let steps = 0; steps < 500; steps++) {
    const due = (await dueOf(organization_id)).find(({ kind }) => kind === organizationErasure.kind);
    if (due === undefined) return steps;
    const now = new Date(Math.max(Date.parse(due.at), Date.now()));
    const deps = { table: table(), clock: { now: () => now }, files: files(), certify: certify(), budget: endless };
    try {
      const work = dueWorker(deps.table, {
        [organizationErasure.kind]: (one) => eraseOrganization(one, { ...deps, ...more }),
      });
      await work(due);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
  throw new Error("it never ends");
}

/** Items in whose key, or in one of whose fields, the organization stands. */
async function itemsOf(organization_id: string) {
  const found = [];
  for await (const item of allItems()) if (JSON.stringify(item).includes(organization_id)) found.push(item);
  return found;
}

/**
 * What may speak of an erased organization: evidence and the hashes that prove it, the erasure itself, its slug, and people's
 * own records.
 */
const LASTING = [
  "audit_entry",
  "audit_head",
  "audit_leaf",
  "audit_number",
  "audit_tree",
  "erasure",
  "event",
  "organization_slug",
  "session",
  "user",
];

describe("a deleted organization that nobody has restored in time", () => {
  it("is erased: every item, every file, what is due and what points at it; and proved by a certificate", async () => {
    const { company, member, slug } = await furnished();
    const id = company.organization_id;
    const before = await itemsOf(id);
    const own = before.filter(({ pk }) => String(pk).startsWith(`T#${id}#`));
    expect(new Set(own.map(({ item_type }) => item_type)).size).toBeGreaterThan(20);
    const named = (await allFiles()).filter((key) => key.includes(id));
    expect(named.length).toBeGreaterThan(2);
    const founded = async () =>
      (await stackTable().of(PLATFORM).get(founderItem, { user_id: company.user_id }))?.organizations;
    expect(await founded()).toBe(1);

    const erasure = `/organizations/${id}/erasure`;
    expect((await company.call("GET", erasure)).status).toBe(404);
    await comeToItsEnd(company);

    const left = await itemsOf(id);
    expect([...new Set(left.map(({ item_type }) => String(item_type)))].sort()).toEqual(LASTING);
    for (const { item_type, action } of left)
      if (item_type === "audit_entry") expect(isSecurityAction(String(action)), String(action)).toBe(true);
    expect((await allFiles()).filter((key) => key.includes(id))).toEqual([]);
    expect(await dueOf(id)).toEqual([]);
    const platform = stackTable().of(PLATFORM);
    expect(await platform.get(userOrganizationItem, { user_id: member.user_id, organization_id: id })).toBeUndefined();
    expect(Date.parse((await platform.get(slugItem, { slug }))?.reserved_until ?? "")).toBeGreaterThan(Date.now());
    expect(await founded()).toBe(0);

    const { body } = await company.call("GET", erasure);
    expect(body.status).toBe("erased");
    const { statement, signature, public_key } = body.certificate;
    const signs = (text: string) =>
      verify("sha256", Buffer.from(text), createPublicKey(public_key), Buffer.from(signature, "base64"));
    expect([signs(statement), signs(statement.replace(slug, "another"))]).toEqual([true, false]);
    const said = JSON.parse(statement);
    const counts: Record<string, number> = {};
    for (const { pk, item_type, action, kind } of before) {
      const type = String(item_type);
      const mine = String(pk).startsWith(`T#${id}#`) || type === "user_organization" || type === "due";
      const proves = /^audit_(head|leaf|number|tree)$/.test(type);
      // What a run of a suite leaves open ends with it in one transaction, also between the look and the end.
      if (type === "suite_run_open" || type === "suite_run_link") continue;
      const stays =
        proves || (type === "audit_entry" && isSecurityAction(String(action))) || kind === organizationErasure.kind;
      if (mine && !stays) counts[type] = (counts[type] ?? 0) + 1;
    }
    expect(said).toMatchObject({ kind: "kaizen.erasure", organization: { id, slug }, files: named.length });
    // What was written between the look and the end (a run that was being stopped) is counted too.
    for (const [type, count] of Object.entries(counts)) expect([type, said.items[type] >= count]).toEqual([type, true]);
    expect(said.kept.audit_entry).toBeGreaterThan(0);
    expect((await member.call("GET", erasure)).status).toBe(404);
    expect((await company.call("POST", `/organizations/${id}/restore`)).status).toBe(404);
    expect((await company.call("GET", "/auth/me/organizations")).body.items).toEqual([]);
    expect((await company.call("POST", "/organizations", { name: unique("Anew") })).status).toBe(201);
  });

  it("touches nobody else's things", async () => {
    const [{ company }, other] = await Promise.all([furnished(), registerCompany()]);
    await createAgent(other, { system_prompt: "q".repeat(20_000) });
    const mine = async () => (await itemsOf(other.organization_id)).map(({ pk, sk }) => `${pk} ${sk}`).sort();
    const before = await mine();
    await comeToItsEnd(company);
    const after = await mine();
    expect(before.filter((key) => !after.includes(key) && !/RATE|IDEMPOTENCY/.test(key))).toEqual([]);
  });

  it("is restored or erased, never half, when both happen at the same moment", async () => {
    for (let round = 0; round < 4; round++) {
      const { company } = await furnished();
      const [due] = (await dueOf(company.organization_id)).filter(({ kind }) => kind === organizationErasure.kind);
      if (due === undefined) throw new Error("nothing is due");
      const deps = { table: stackTable(), clock: { now: () => new Date(due.at) }, files: files(), certify: certify() };
      const [restored] = await Promise.all([
        company.call("POST", `/organizations/${company.organization_id}/restore`),
        eraseOrganization(due, { ...deps, budget: endless }),
      ]);
      const claimed = await stackTable().of(PLATFORM).get(erasureItem, { organization_id: company.organization_id });
      if (restored.status === 200) {
        expect([claimed, (await company.call("GET", "/agents")).body.items.length]).toEqual([undefined, 1]);
      } else {
        expect([restored.status, restored.body.state, claimed?.status]).toEqual([409, "erasing", "erasing"]);
      }
    }
  });

  it("is left alone until what had read it before is over", async () => {
    const { company } = await furnished();
    const [due] = (await dueOf(company.organization_id)).filter(({ kind }) => kind === organizationErasure.kind);
    if (due === undefined) throw new Error("nothing is due");
    const at = (now: Date) =>
      eraseOrganization(due, {
        table: stackTable(),
        clock: { now: () => now },
        files: files(),
        certify: certify(),
        budget: endless,
      });
    const end = new Date(due.at);
    expect(await at(addSeconds(end, -60))).toEqual(end);
    const keys = async () => (await itemsOf(company.organization_id)).map(({ pk, sk }) => `${pk} ${sk}`);
    const before = await keys();
    expect(await at(end)).toEqual(addSeconds(end, 180));
    expect(await at(addSeconds(end, 60))).toEqual(addSeconds(end, 180));
    expect(await keys()).toEqual(expect.arrayContaining(before));
  });

  it("is erased to the end and counted once, wherever its worker dies or however short each step is", {
    timeout: 900_000,
  }, async () => {
    const tries = [...places(24, 3).map((at) => ["dies", at] as const), ["short", 0] as const];
    for (const [how, at] of tries) {
      const { company } = await furnished();
      const id = company.organization_id;
      let writes = 0;
      const table = () =>
        how === "short" ? stackTable() : faultyTable(onWrites(() => (++writes === at ? "before" : undefined)));
      await comeToItsEnd(company, table, how === "short" ? { budget: short } : {});
      const left = [...new Set((await itemsOf(id)).map(({ item_type }) => String(item_type)))].sort();
      expect([how, at, left]).toEqual([how, at, LASTING]);
      const erasure = await stackTable().of(PLATFORM).get(erasureItem, { organization_id: id });
      const said = JSON.parse(erasure?.certificate?.statement ?? "{}");
      expect([said.items.organization, said.items.membership, said.items.agent]).toEqual([1, 2, 1]);
    }
  });
});
