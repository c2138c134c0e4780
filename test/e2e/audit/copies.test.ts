import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createAgent } from "../../support/agents.ts";
import { type Company, call, eventually, registerCompany } from "../../support/api.ts";
import { type AuditCopy, auditCopied, auditCopies } from "../../support/audit-copies.ts";
import { addMember } from "../../support/members.ts";
import { awsConfig } from "../../support/stack.ts";
import { sweepDue } from "../../support/sweeper.ts";

const folder = mkdtempSync(join(tmpdir(), "copies-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function verify(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["admin/audit-verify.ts", ...args], {
    encoding: "utf8",
    env: { PATH: process.env.PATH },
  });
  return { status, said: `${stdout}${stderr}` };
}

let company: Company;
let key: string;
beforeAll(async () => {
  company = await registerCompany();
  await createAgent(company);
  key = file("key.pem", (await call("GET", "/audit/keys")).body.items[0].pem);
});

const copies = () => auditCopies(company);
const copied = () => auditCopied(company);

const s3 = () => new S3Client({ ...awsConfig(), forcePathStyle: true });
const at = ({ object }: AuditCopy) => ({
  Bucket: inject("stack").outputs.AuditCopiesBucketName ?? "",
  Key: object.key,
  VersionId: object.version_id,
});

describe("locked copies of the audit log", () => {
  it("are proved as they lie in the bucket and as they are downloaded, one for each class", async () => {
    const all = await copied();
    expect(new Set(all.map(({ kept_days }) => kept_days))).toEqual(new Set([400, 2_555]));
    for (const copy of all) {
      const stored = await s3().send(new GetObjectCommand(at(copy)));
      const lies = gunzipSync((await stored.Body?.transformToByteArray()) ?? "");
      expect(verify(file("lies.jsonl", lies), "--key", key).status).toBe(4);
      expect(lies.toString()).not.toContain(company.user_id);
      const { status, text, headers } = await company.call("GET", `/audit/copies/${copy.id}/file`);
      expect([status, headers.get("content-type")]).toEqual([200, "application/octet-stream"]);
      expect(verify(file("read.jsonl", text), "--key", key)).toMatchObject({ status: 0 });
      expect(text).toContain(company.user_id);
      expect((await company.call("GET", `/audit/copies/${copy.id}`)).body).toEqual(copy);
    }
    const { body } = await company.call("GET", "/audit/logs?action=audit.copy_downloaded");
    expect(body.items).toHaveLength(all.length);
  });

  it("are locked until the last entry in them ends, so that their version cannot be removed", async () => {
    const [copy] = await copied();
    if (copy === undefined) throw new Error("there is no copy");
    const { Retention } = await s3().send(new GetObjectRetentionCommand(at(copy)));
    expect([Retention?.Mode, Retention?.RetainUntilDate?.toISOString()]).toEqual(["GOVERNANCE", copy.locked_until]);
    await expect(s3().send(new DeleteObjectCommand(at(copy)))).rejects.toMatchObject({ name: "AccessDenied" });
  });

  it("are nobody's who may not read the log, and one is not known by another's id", async () => {
    const viewer = await addMember(company, "viewer");
    expect((await viewer.call("GET", "/audit/copies")).status).toBe(403);
    const [copy] = await copied();
    const other = await registerCompany();
    for (const path of [`/audit/copies/${copy?.id}`, `/audit/copies/${copy?.id}/file`])
      expect((await other.call("GET", path)).status).toBe(404);
  });
});

describe("a legal hold", () => {
  it("keeps copies, members in the log and the organization, until it is released", async () => {
    await copied();
    const member = await addMember(company, "developer");
    await member.call("POST", "/agents", {
      name: "Theirs",
      agent_type: "chat",
      model_id: "amazon-bedrock/claude-haiku-4-5",
    });
    const reason = "Case 2027-14";
    const placed = await company.call("POST", "/audit/holds", { name: "Case 14", reason });
    expect([placed.status, placed.headers.get("location")]).toEqual([201, `/api/v1/audit/holds/${placed.body.id}`]);
    expect(placed.body).toMatchObject({ status: "active", reason, placed_by: `user:${company.user_id}` });

    const held = async (on: boolean) =>
      eventually(
        async () => {
          await sweepDue();
          const all = await copies();
          if (all.some(({ on_hold }) => on_hold !== on)) return undefined;
          return Promise.all(
            all.map(async (copy) => (await s3().send(new GetObjectLegalHoldCommand(at(copy)))).LegalHold?.Status),
          );
        },
        `all copies are ${on ? "held" : "let go"}`,
      );
    expect(new Set(await held(true))).toEqual(new Set(["ON"]));
    await copied();
    expect(new Set(await held(true))).toEqual(new Set(["ON"]));

    expect((await company.call("DELETE", `/users/${member.user_id}`)).status).toBe(202);
    const erase = await eventually(async () => {
      const answer = await company.call("POST", `/audit/users/${member.user_id}/erase`);
      return answer.body.state === "active" ? undefined : answer;
    }, "the member is gone");
    expect([erase.status, erase.body.code]).toEqual([409, "conflict"]);
    expect(erase.body.detail).toContain("A legal hold is active");
    const { body: organization } = await company.call("GET", `/organizations/${company.organization_id}`);
    const end = `/organizations/${company.organization_id}?confirm=${organization.slug}`;
    expect([(await company.call("DELETE", end)).status]).toEqual([409]);

    const release = `/audit/holds/${placed.body.id}/release`;
    expect((await company.call("POST", release, {})).status).toBe(422);
    const released = await company.call("POST", release, { reason: "Closed" });
    expect([released.status, released.body.status, released.body.release_reason]).toEqual([200, "released", "Closed"]);
    expect((await company.call("POST", release, { reason: "Again" })).status).toBe(409);
    expect(new Set(await held(false))).toEqual(new Set(["OFF"]));
    expect((await company.call("POST", `/audit/users/${member.user_id}/erase`)).status).toBe(202);
    expect((await company.call("GET", "/audit/holds")).body.items).toEqual([released.body]);
  });

  it("is placed twenty times at most at once, also by many at the same moment", async () => {
    const own = await registerCompany();
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, i) => own.call("POST", "/audit/holds", { name: `Hold ${i}`, reason: "Race" })),
    );
    const made = answers.filter(({ status }) => status === 201).length;
    const rest = await Promise.all(
      Array.from({ length: 20 - made }, (_, i) =>
        own.call("POST", "/audit/holds", { name: `Late ${i}`, reason: "Race" }),
      ),
    );
    expect(rest.map(({ status }) => status)).toEqual(rest.map(() => 201));
    const over = await own.call("POST", "/audit/holds", { name: "One more", reason: "Race" });
    expect(over.body).toMatchObject({
      status: 402,
      code: "quota_exceeded",
      resource: "legal_holds",
      limit: 20,
      usage: 20,
    });
    expect((await own.call("GET", "/audit/holds?limit=100")).body.items).toHaveLength(20);
  });
});
