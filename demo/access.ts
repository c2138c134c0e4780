import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoDir } from "../local/paths.ts";
import { Client } from "./client.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { bold, dim, table } from "./show.ts";
import { must, remark, Story, until } from "./story.ts";
import { LINK, mailed, PROOF } from "./system.ts";

/** Requests a minute that a key of the story may make; how many come, and how many of them at once. */
const [RATE, FLOOD, AT_ONCE] = [20, 40, 10];

/** Who may do what, and how that is proved: a role, a policy in shadow and in force, a key for CI, exact limits, an audit log. */
export async function tell(gateway: string): Promise<boolean> {
  const story = new Story();
  const tag = randomBytes(3).toString("hex");
  const password = randomBytes(12).toString("base64url");
  const [ada, grace, ci] = [new Client(gateway), new Client(gateway), new Client(gateway)];
  const ids = { ada: "", grace: "", role: "", agent: "", payroll: "", policy: "", key: "" };

  console.log(bold(`Kaizen Studio at ${gateway}/api/v1`));
  console.log(dim("Each request, and what was answered; tokens and secrets are shortened."));

  await story.step("A company with two agents; one of them knows the payroll", async () => {
    const email = `ada-${tag}@example.com`;
    await ada.post("/auth/register", { email, name: "Ada", organization_name: `Access ${tag}` }, 202);
    const token = await mailed(gateway, email, PROOF);
    const { user, tokens } = await ada.post("/auth/verify-email", { token, password }, 201);
    ada.token = tokens.access_token;
    ids.ada = user.id;
    const { items } = await ada.get("/models", true);
    const agent = { agent_type: "chat", model_id: items[0].id };
    ids.agent = (await ada.post("/agents", { ...agent, name: "Support" }, 201)).id;
    ids.payroll = (await ada.post("/agents", { ...agent, name: "Payroll", tags: ["payroll"] }, 201)).id;
    return "Ada is its owner";
  });

  await story.step("Developers, but without deletion: a role of the company's own, for Grace", async () => {
    const role = await ada.post("/roles/developer/clone", { name: "Prompt engineer", without: ["agents:delete"] }, 201);
    ids.role = role.id;
    const email = `grace-${tag}@example.com`;
    await ada.post("/invitations", { email, role: role.id }, 201);
    const token = await mailed(gateway, email, LINK);
    const joined = await grace.post("/auth/join", { token, name: "Grace", password }, 201);
    grace.token = joined.tokens.access_token;
    ids.grace = joined.user.id;
    const refused = (await grace.call("DELETE", `/agents/${ids.agent}`, { expect: 403 })).body;
    must(refused.permission === "agents:delete", `she lacks ${refused.permission}`);
    return refused.detail;
  });

  await story.step("Why may she do what she may?", async () => {
    const { role, permissions } = await ada.get(`/users/${ids.grace}/permissions`, true);
    const rows = permissions
      .filter(({ permission }: { permission: string }) => permission.startsWith("agents:"))
      .map((one: { permission: string; grant: string }) => [one.permission, one.grant, role.name]);
    console.log(table(["She may", "since it grants", "her role"], rows).replaceAll(/^/gm, "   "));
    const holders = await ada.all("/permissions/agents:delete/holders");
    must(
      holders.every(({ user_id }) => user_id === ids.ada),
      "somebody else may delete agents",
    );
    return `${permissions.length} permissions, each with its reason; agents are deleted by ${holders.length} member`;
  });

  await story.step("A policy from the gallery, made her own and read back in plain English", async () => {
    const { items: templates } = await ada.get("/policies/templates", true);
    const { effect, resource_type, action, conditions } = templates.find(
      ({ id }: { id: string }) => id === "admin_only",
    );
    const payroll = { path: "resource.tags", op: "contains", value: "payroll" };
    const said = { effect, resource_type, action, conditions: { all: [payroll, conditions] } };
    const policy = await ada.post(
      "/policies",
      { ...said, name: "Payroll is for administrators", assignments: [{ type: "organization" }] },
      201,
    );
    ids.policy = policy.id;
    return policy.sentence;
  });

  const change = (expect: number, description = `Changed ${randomBytes(2).toString("hex")}`) =>
    grace.call("PATCH", `/agents/${ids.payroll}`, { body: { description }, expect });

  await story.step("In shadow it denies nothing, and tells what it would have denied", async () => {
    await ada.post(`/policies/${ids.policy}/shadow`, undefined, 200);
    for (let i = 0; i < 3; i++) await change(200);
    const { items } = await ada.get(`/policies/${ids.policy}/shadow-denials`);
    must(items[0]?.denied === 3, `it counted ${items[0]?.denied} of 3`);
    const trail = await ada.get("/audit/logs?action=policy.shadow_denied&limit=10", true);
    for (const { actor, request, reason } of trail.items) remark(`${actor.id} ${request.method}: ${reason}`);
    return "three of three requests went on, and are known";
  });

  await story.step("Enforced, it bites on the next request, and says by which condition", async () => {
    await ada.post(`/policies/${ids.policy}/activate`, undefined, 200);
    const { body } = await change(403);
    must(body.code === "policy_denied" && body.policy.id === ids.policy, "another policy refused her");
    for (const condition of body.conditions) remark(`since ${condition}`);
    return body.detail;
  });

  await story.step("A key for CI: two scopes and one range of addresses", async () => {
    const body = {
      name: "CI",
      scopes: ["agents:read", "agents:update"],
      allowed_addresses: ["127.0.0.0/8", "::1/128"],
      rate_limit: RATE,
    };
    const made = await ada.post("/api-keys", body, 201, true);
    [ids.key, ci.token] = [made.id, made.key];
    remark(`made ${made.id}; the key itself is shown this once`);
    await ci.call("PATCH", `/agents/${ids.agent}`, { body: { description: "Deployed by CI" }, expect: 200 });
    const refused = (await ci.call("DELETE", `/agents/${ids.agent}`, { expect: 403 })).body;
    await ada.call("PATCH", `/api-keys/${ids.key}`, { body: { allowed_addresses: ["192.0.2.0/24"] }, expect: 200 });
    const elsewhere = (await ci.call("GET", "/agents", { expect: 403 })).body;
    must(elsewhere.code === "address_not_allowed", "it works from everywhere");
    await ada.call("PATCH", `/api-keys/${ids.key}`, { body: { allowed_addresses: [] }, expect: 200 });
    return refused.detail;
  });

  await story.step(`${FLOOD} requests in a moment, where ${RATE} a minute are allowed`, async () => {
    const flood = await ada.post("/api-keys", { name: "Flood", scopes: ["agents:read"], rate_limit: RATE }, 201, true);
    const ask = () => fetch(`${gateway}/api/v1/agents?limit=1`, { headers: { authorization: `Bearer ${flood.key}` } });
    const answers: Response[] = [];
    while (answers.length < FLOOD) answers.push(...(await Promise.all(Array.from({ length: AT_ONCE }, ask))));
    const counts = Object.groupBy(answers, ({ status }) => `${status}`);
    const [passed, refused] = [counts["200"]?.length ?? 0, counts["429"]?.length ?? 0];
    const { headers } = counts["429"]?.[0] ?? { headers: new Headers() };
    for (const name of ["ratelimit", "ratelimit-policy", "retry-after"]) remark(`${name}: ${headers.get(name)}`);
    must(passed === RATE && refused === FLOOD - RATE, `${passed} passed and ${refused} were refused`);
    return `exactly ${passed} passed, ${refused} were refused`;
  });

  await story.step("The key is rotated with an overlap, and revoked: refused on the very next request", async () => {
    const older = new Client(gateway);
    older.token = ci.token;
    const rotated = await ada.post(`/api-keys/${ids.key}/rotate`, { overlap_hours: 1 }, 200, true);
    ci.token = rotated.key;
    for (const client of [older, ci]) await client.call("GET", "/agents?limit=1", { expect: 200, quiet: true });
    remark("both secrets count meanwhile");
    await ada.call("DELETE", `/api-keys/${ids.key}`, { expect: 204 });
    for (const client of [older, ci]) await client.call("GET", "/agents?limit=1", { expect: 401 });
    return "401 for both";
  });

  await story.step("The audit log leaves the house, and proves itself to whoever has the public key", async () => {
    const folder = mkdtempSync(join(tmpdir(), "kaizen-audit-"));
    try {
      return await proveExport(gateway, ada, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  await story.step("It goes on to the company's collector as it grows, signed, without a gap", async () => {
    const collector = await startReceiver();
    try {
      return await streamTo(collector, ada);
    } finally {
      await collector.close();
    }
  });

  await story.step("Under a legal hold nobody is erased from it", async () => {
    const why = { reason: "A court has asked for it." };
    await ada.call("DELETE", `/users/${ids.grace}`, { expect: 202 });
    const hold = await ada.post("/audit/holds", { name: "Acme against Example", ...why }, 201);
    const refused = await ada.post(`/audit/users/${ids.grace}/erase`, undefined, 409);
    remark(refused.detail);
    await ada.post(`/audit/holds/${hold.id}/release`, { reason: "The case is closed." }, 200);
    await ada.post(`/audit/users/${ids.grace}/erase`, undefined, 202);
    return "409 while it is held; released, her erasure begins";
  });

  console.log(`\n${story.summary()}`);
  return story.complete;
}

/** Exports the log, checks it offline, changes one byte and checks it again. */
async function proveExport(gateway: string, owner: Client, folder: string): Promise<string> {
  const { items } = await owner.get("/audit/keys", true);
  const key = join(folder, "key.pem");
  writeFileSync(key, items[0].pem);
  const { items: newest } = await owner.get("/audit/logs?limit=1", true);
  await until("The numbering of the newest entry", async () => {
    const entry = await owner.get(`/audit/logs/${newest[0].id}`, true);
    return entry.sequence === null ? undefined : entry;
  });
  const download = async (name: string) => {
    const headers = { authorization: `Bearer ${owner.token}` };
    const answer = await fetch(`${gateway}/api/v1/audit/export`, { headers });
    must(answer.status === 200, `the export answered ${answer.status}`);
    const file = join(folder, name);
    const text = await answer.text();
    writeFileSync(file, text);
    return { file, text };
  };
  // What it does itself is an entry, too, which has its number a moment later.
  const { file, text } = await until("An export of which every entry has a number", async () => {
    const exported = await download("export.jsonl");
    return verify(exported.file, key).status === 0 ? exported : undefined;
  });
  const whole = verify(file, key);
  remark(whole.said);
  const at = text.indexOf("Payroll");
  const changed = join(folder, "changed.jsonl");
  writeFileSync(changed, `${text.slice(0, at)}X${text.slice(at + 1)}`);
  const bad = verify(changed, key);
  remark(bad.said);
  must(bad.status === 1, `a changed byte ended with ${bad.status}`);
  return "whole; with one byte changed the first bad line is named";
}

/** Sends the whole log to a collector, and looks whether a number is missing. */
async function streamTo(collector: Receiver, owner: Client): Promise<string> {
  const destination = { kind: "https", url: collector.url, body: "json_array" };
  const stream = await owner.post("/audit/streams", { name: "Collector", destination, from: 0 }, 201, true);
  collector.secret = stream.signing_secret;
  const { items } = await owner.get("/audit/logs?limit=1", true);
  const numbers = await until("The arrival of the newest entry", async () => {
    const arrived = collector.delivered.flatMap(({ event }) => event as readonly { id: string; sequence: number }[]);
    return arrived.some(({ id }) => id === items[0].id)
      ? [...new Set(arrived.map(({ sequence }) => sequence))]
      : undefined;
  });
  must(
    numbers.toSorted((a, b) => a - b).every((number, at) => number === at),
    "an entry is missing",
  );
  must(collector.refused.length === 0, `${collector.refused.length} requests were not signed`);
  await owner.call("DELETE", `/audit/streams/${stream.id}`, { expect: 204, quiet: true });
  return `${numbers.length} entries, each number there, each request signed`;
}

/** `npm run audit:verify`: with a file and a key, without a network. */
function verify(file: string, key: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["admin/audit-verify.ts", file, "--key", key], {
    cwd: repoDir,
    encoding: "utf8",
  });
  return { status, said: `${stdout}${stderr}`.trim().replaceAll(/\s*\n\s*/g, "; ") };
}
