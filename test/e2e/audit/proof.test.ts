import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { personErasure } from "../../../functions/audit/persons/store.ts";
import { hashOf, leafDataOf } from "../../../functions/audit/tree/rules/evidence.ts";
import { isHeadOf } from "../../../functions/audit/tree/rules/head.ts";
import { continues, includes } from "../../../functions/audit/tree/rules/merkle.ts";
import { publicKeyOfPem } from "../../../shared/signing/public-key.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, call, eventually, registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";
import { sweepDue } from "../../support/sweeper.ts";

const folder = mkdtempSync(join(tmpdir(), "audit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of these lines. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What an auditor runs: with a file and a key, and without a network. */
function verify(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["admin/audit-verify.ts", ...args], {
    encoding: "utf8",
    env: { PATH: process.env.PATH },
  });
  return { status, said: `${stdout}${stderr}` };
}

const bytes = (text: string) => Buffer.from(text, "base64");

let company: Company;
let key: string;
beforeAll(async () => {
  company = await registerCompany();
  const { body, status } = await call("GET", "/audit/keys");
  expect([status, body.items.length]).toEqual([200, 1]);
  key = file("key.pem", body.items[0].pem);
  expect(publicKeyOfPem(body.items[0].pem)).toMatchObject({ key_id: body.items[0].key_id, jwk: body.items[0].jwk });
});

/** The newest head that has at least so many entries. */
const headOf = (size: number) =>
  eventually(async () => {
    const { status, body } = await company.call("GET", "/audit/heads/latest");
    return status === 200 && body.size >= size ? body : undefined;
  }, `a head of ${size} entries`);

describe("the audit log of an organization", () => {
  it("has a signed head some seconds after its first entry, which its members read and others do not", async () => {
    const head = await headOf(1);
    expect(head).toMatchObject({ organization_id: company.organization_id });
    const { body } = await call("GET", "/audit/keys");
    expect(isHeadOf(publicKeyOfPem(body.items[0].pem), head)).toBe(true);
    const viewer = await addMember(company, "viewer");
    expect((await viewer.call("GET", "/audit/heads/latest")).status).toBe(403);
  });

  it("numbers every entry, and shows the number with it", async () => {
    const agent = await createAgent(company);
    const entry = await eventually(async () => {
      const { body } = await company.call("GET", `/audit/resources/agent/${agent.id}`);
      return body.items[0]?.sequence === null ? undefined : body.items[0];
    }, "the entry is numbered");
    expect(Number.isInteger(entry.sequence)).toBe(true);
    expect((await company.call("GET", `/audit/logs/${entry.id}`)).body).toEqual(entry);
    expect((await headOf(entry.sequence + 1)).size).toBeGreaterThan(entry.sequence);
  });

  it("proves each entry, and each head from any earlier one, to whoever has the key", async () => {
    const { body: log } = await company.call("GET", "/audit/logs?limit=100");
    await headOf(log.items.length);
    const publicKey = publicKeyOfPem((await call("GET", "/audit/keys")).body.items[0].pem);
    for (const { id } of log.items) {
      const { status, body } = await company.call("GET", `/audit/logs/${id}/proof`);
      expect([status, isHeadOf(publicKey, body.head)]).toEqual([200, true]);
      const hashed = hashOf(leafDataOf(body.entry));
      expect(body.leaf_hash).toBe(hashed.toString("base64"));
      expect(includes(bytes(body.head.root_hash), body.head.size, body.sequence, hashed, body.path.map(bytes))).toBe(
        true,
      );
    }
    const heads = (await company.call("GET", "/audit/heads?limit=100")).body.items;
    const [newest] = heads;
    expect(heads.map(({ size }: { size: number }) => size)).toEqual(
      heads.map(({ size }: { size: number }) => size).sort((a: number, b: number) => b - a),
    );
    for (const head of heads) {
      const { body } = await company.call("GET", `/audit/proofs/consistency?from=${head.size}&to=${newest.size}`);
      expect(body).toMatchObject({ from_root_hash: head.root_hash, to_root_hash: newest.root_hash });
      const [earlier, later] = [head, newest].map(({ size, root_hash }) => ({ size, root: bytes(root_hash) }));
      expect(earlier && later && continues(earlier, later, body.path.map(bytes))).toBe(true);
    }
    const beyond = await company.call("GET", "/audit/proofs/consistency?from=1&to=1000000");
    expect([beyond.status, beyond.body.issues[0].path]).toEqual([422, "query.to"]);
    const backwards = await company.call("GET", "/audit/proofs/consistency?from=2&to=1");
    expect([backwards.status, backwards.body.issues[0].path]).toEqual([422, "query.from"]);
  });

  it("is exported with what proves it: checked without us, and the first line that is not as it was is named", async () => {
    const earlier = file("earlier.json", JSON.stringify(await headOf(1)));
    await createAgent(company);
    const { text } = await company.call("GET", "/audit/export");
    const whole = file("export.jsonl", text);
    const holds = verify(whole, "--key", key, "--head", earlier);
    expect([holds.status, holds.said]).toEqual([
      0,
      expect.stringMatching(/Proved: the leaves 0 to before \d+ in order/),
    ]);
    expect(verify(whole).status).toBe(0);

    const lines = text.trimEnd().split("\n");
    const at = Math.floor(lines.length / 2);
    const flip = Buffer.from(lines[at] ?? "");
    const place = flip.indexOf('"occurred_at":"') + 20;
    flip[place] = (flip[place] ?? 0) ^ 1;
    const flipped = file("flipped.jsonl", lines.map((line, i) => (i === at ? flip.toString() : line)).join("\n"));
    const refused = verify(flipped, "--key", key);
    expect([refused.status, refused.said]).toEqual([
      1,
      `Line ${at + 1} does not say what stands in the tree for it.\n`,
    ]);

    const other = await registerCompany();
    const foreign = file("foreign.jsonl", (await other.call("GET", "/audit/export")).text);
    expect(verify(foreign, "--key", key).status).toBe(0);
    expect(verify(foreign, "--key", key, "--head", earlier)).toEqual({
      status: 1,
      said: "Line 1 cannot be compared: your head is another organization's.\n",
    });
    expect(verify(join(folder, "none.jsonl"), "--key", key).status).toBe(2);
    expect(verify().status).toBe(2);
  });

  it("loses a person who was erased, and no proof", async () => {
    const { user_id, call: asMember } = await addMember(company, "developer");
    const { body: agent } = await asMember("POST", "/agents", {
      name: "Theirs",
      agent_type: "chat",
      model_id: "amazon-bedrock/claude-haiku-4-5",
    });
    const erase = `/audit/users/${user_id}/erase`;
    const early = await company.call("POST", erase);
    expect([early.status, early.body.state]).toEqual([409, "active"]);
    expect((await company.call("DELETE", `/users/${user_id}`)).status).toBe(202);
    const asked = await company.call("POST", erase);
    expect([asked.status, asked.headers.get("location")]).toEqual([202, `/api/v1/audit/users/${user_id}/erasure`]);
    const own = stackTable().of(company.organization_id);
    await eventually(
      async () => {
        const { body } = await company.call("GET", `/audit/users/${user_id}/erasure`);
        if (body.status === "erased") return body;
        await own.transact([personErasure.set(own, user_id, new Date())]);
        await sweepDue();
        return undefined;
      },
      "the person is erased",
      120,
    );
    const { body: entries } = await company.call("GET", `/audit/resources/agent/${agent.id}`);
    const made = entries.items.filter(({ action }: { action: string }) => action === "agent.created");
    expect(made).toMatchObject([{ actor: { type: "user", id: "erased" }, request: null, action: "agent.created" }]);
    const { text } = await company.call("GET", "/audit/export");
    const without = verify(file("without.jsonl", text), "--key", key);
    expect([without.status, without.said]).toEqual([
      4,
      expect.stringMatching(/Blank: \d+ parts of entries, from line \d+/),
    ]);
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    // Their id is left in the paths of what others asked for about them, with what they owned and others got, and nowhere else.
    const isNamed = (value: unknown) => JSON.stringify(value ?? null).includes(user_id);
    const elsewhere = lines.map(({ request, changes = [], ...line }) => ({
      ...line,
      request: { ...request, path: "" },
      changes: changes.filter(({ field }: { field: string }) => field !== "owner_id"),
    }));
    expect(elsewhere.filter(isNamed)).toEqual([]);
    const paths = lines.filter(({ request }) => isNamed(request?.path));
    expect(paths.map(({ actor }) => actor)).toEqual(paths.map(() => ({ type: "user", id: company.user_id })));
    expect(new Set(paths.map(({ request }) => `${request.method} ${request.path}`))).toEqual(
      new Set([`DELETE /api/v1/users/${user_id}`, `POST /api/v1${erase}`]),
    );
  });
});
