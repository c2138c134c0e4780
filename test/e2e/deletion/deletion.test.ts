import { expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import { type Company, eventually, unique } from "../../support/api.ts";
import { pastDeployment, storedDeployment } from "../../support/deployments.ts";
import { allFiles, allItems } from "../../support/leftovers.ts";
import { addMember } from "../../support/members.ts";
import { enrol } from "../../support/mfa.ts";
import { poolPage, startProvider } from "../../support/oidc-provider.ts";
import { aRule } from "../../support/promotions.ts";
import { jobEnded, resultsOf } from "../../support/suites.ts";
import { ended, lab } from "../runs/setup.ts";

/**
 * What stays when things are deleted, each with an end of its own: the trail, the ledger, first answers, and counts. What
 * is counted by quotas is compared by itself.
 */
const LASTING = [
  "audit_entry",
  "audit_head",
  "audit_leaf",
  "audit_number",
  "audit_tree",
  "event",
  "idempotency_key",
  "usage_record",
  "usage_counter",
  "model_answer",
  "token_budget",
  "rate_counter",
  "run_count",
  "lease_count",
  "run_lane",
  // Evidence, as long as the trail.
  "api_key",
  // One item for all roles and policies: it says then that there are none.
  "access_rules",
  "quota",
];

/** Every item of a tenant, what is due of it too, by key; and its quotas. */
async function itemsOf(tenant: string) {
  const keys = new Set<string>();
  const quotas: Record<string, unknown> = {};
  for await (const { pk, sk, item_type, resource, used, kind } of allItems()) {
    const key = String(pk);
    const own = key === `T#${tenant}` || key.startsWith(`T#${tenant}#`) || key.startsWith(`T#platform#DUE#${tenant}#`);
    // The trail is looked after as long as there is the organization.
    if (/^audit_/.test(String(kind))) continue;
    if (own && !LASTING.includes(String(item_type))) keys.add(`${pk} ${sk}`);
    if (own && item_type === "quota" && used !== 0) quotas[String(resource)] = used;
  }
  return { keys, quotas };
}

/** The names of a tenant's files. */
const filesOf = async (tenant: string) => (await allFiles()).filter((key) => key.split("/").includes(tenant));

interface Prepared {
  readonly company: Company;
  readonly agent_id: string;
  readonly member_id: string;
  readonly team_id: string;
  readonly pipeline_id: string;
  readonly suite_id: string;
  readonly deployment_id: string;
}

async function made({ company }: Prepared, path: string, body: unknown): Promise<string> {
  const answer = await company.call("POST", path, body);
  expect([path, answer.status < 300, answer.text]).toEqual([path, true, answer.text]);
  return answer.body.id;
}

/** How the thing is made that each operation deletes, with all that it can have; gives its path. */
const MAKERS: Readonly<Record<string, (at: Prepared) => Promise<string>>> = {
  async "deployments.delete"({ company, agent_id }) {
    return `/deployments/${(await pastDeployment(company, agent_id)).id}`;
  },
  async "deployments.revoke_key"(at) {
    const path = `/deployments/${at.deployment_id}/endpoint/keys`;
    return `${path}/${await made(at, path, { name: unique("Key") })}`;
  },
  async "gateways.delete"(at) {
    const { company } = at;
    const given = { name: unique("Gateway"), api_url: "http://127.0.0.1:9", api_key: "a-key-of-the-gateway" };
    const id = await made(at, "/gateways", given);
    const rotated = await company.call("POST", `/gateways/${id}/rotate-key`, { api_key: "another-key" });
    expect(rotated.body.key.previous_until).not.toBeNull();
    expect((await company.call("POST", `/gateways/${id}/health`)).body.error.code).toBe("connect_failed");
    return `/gateways/${id}`;
  },
  async "promotion_rules.delete"(at) {
    return `/promotion-rules/${await made(at, "/promotion-rules", aRule)}`;
  },
  async "auth.disable_mfa"({ company }) {
    await enrol(company);
    return "/auth/me/mfa";
  },
  async "workspaces.delete"(at) {
    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const body = { name: unique("Workspace"), workspace_type: "temporary", expires_at };
    return `/workspaces/${await made(at, "/workspaces", body)}`;
  },
  async "workspaces.remove_member"(at) {
    const path = `/workspaces/${at.company.workspace_id}/members`;
    await made(at, path, { user_id: at.member_id, role: "member" });
    return `${path}/${at.member_id}`;
  },
  async "teams.delete"(at) {
    const id = await made(at, "/teams", { name: unique("Team"), parent_id: at.team_id });
    await made(at, `/teams/${id}/members`, { user_id: at.member_id, role: "lead" });
    return `/teams/${id}`;
  },
  async "teams.remove_member"(at) {
    const path = `/teams/${at.team_id}/members`;
    await made(at, path, { user_id: at.member_id });
    return `${path}/${at.member_id}`;
  },
  async "domains.remove"(at) {
    return `/domains/${await made(at, "/domains", { domain: `${unique("d")}.example.org` })}`;
  },
  async "agents.delete_context"(at) {
    const path = `/agents/${at.agent_id}/contexts`;
    const file = { filename: "a.txt", media_type: "text/plain", size_bytes: 4 };
    const { body } = await at.company.call("POST", path, { name: "File", content_type: "file", file });
    const { url, method, headers } = body.upload;
    expect((await fetch(url, { method, headers, body: "text" })).status).toBe(200);
    return `${path}/${body.id}`;
  },
  async "agents.delete_thread"(at) {
    const path = `/agents/${at.agent_id}/threads`;
    const thread_id = await made(at, path, {});
    const message = `[[say:${"y".repeat(20_000)}]] ${"x".repeat(20_000)}`;
    const answer = await at.company.call("POST", `/agents/${at.agent_id}/execute`, { message, thread_id });
    expect([answer.status, answer.body.thread]).toEqual([200, { turn: 1, turns_left_out: 0 }]);
    return `${path}/${thread_id}`;
  },
  async "agents.delete_tool"(at) {
    const path = `/agents/${at.agent_id}/tools`;
    const config = { parameters: { type: "object", properties: {} }, expression: "1" };
    return `${path}/${await made(at, path, { name: "one", description: "One.", tool_type: "function", config })}`;
  },
  async "models.delete_provider"({ company }) {
    const path = "/models/providers/openai";
    expect((await company.call("PUT", path, { api_key: "sk-0123456789abcdef" })).status).toBe(200);
    return path;
  },
  async "sso.delete"(at) {
    const { issuer, client_id, client_secret } = await startProvider(poolPage());
    const body = { name: "Directory", provider: { kind: "oidc", issuer, client_id, client_secret } };
    return `/sso/connections/${await made(at, "/sso/connections", body)}`;
  },
  "scim.revoke_token": async (at) => `/scim/tokens/${await made(at, "/scim/tokens", { name: "Directory" })}`,
  async "api_keys.revoke"(at) {
    const expires_at = new Date(Date.now() + 30 * 86_400_000).toISOString();
    return `/api-keys/${await made(at, "/api-keys", { name: "CI", scopes: ["agents:read"], expires_at })}`;
  },
  "service_accounts.delete": async (at) =>
    `/service-accounts/${await made(at, "/service-accounts", { name: "CI", role: "viewer" })}`,
  // Nobody answers there: its deliveries wait, each with an attempt and with something due.
  "webhooks.delete": async (at) =>
    `/webhooks/${await made(at, "/webhooks", { name: "Nobody", url: "http://127.0.0.1:9/hook", events: ["run.*"] })}`,
  // Nobody answers there either: it is tried again, with something due.
  async "audit_streams.delete"(at) {
    const destination = { kind: "https", url: "http://127.0.0.1:9/log" };
    return `/audit/streams/${await made(at, "/audit/streams", { name: "Nobody", destination })}`;
  },
  // In force, and with two versions.
  async "policies.delete"(at) {
    const said = { name: unique("Policy"), effect: "deny", resource_type: "webhook", action: "replay" };
    const path = `/policies/${await made(at, "/policies", said)}`;
    expect((await at.company.call("PATCH", path, { action: "delete" })).status).toBe(200);
    expect((await at.company.call("POST", `${path}/activate`)).status).toBe(200);
    return path;
  },
  async "schedules.delete"(at) {
    const { pipeline_id } = at;
    const trigger = { kind: "event", events: ["agent.archived"] };
    return `/schedules/${await made(at, "/schedules", { name: "Daily", pipeline_id, trigger })}`;
  },
  // With a case whose input is a file, and a job that has ended.
  async "suites.delete"(at) {
    const id = await made(at, `/agents/${at.agent_id}/suites`, { name: unique("Suite") });
    await made(at, `/suites/${id}/cases`, aCase);
    const job = await made(at, `/suites/${id}/runs`, {});
    const [result] = await jobEnded(at.company, job).then(() => resultsOf(at.company, job));
    // Its run stays when the suite goes.
    await eventually(async () => {
      const { status } = await at.company.call("DELETE", `/runs/${result.run_id}`);
      return status === 204 ? true : undefined;
    }, "the run of the case is deleted");
    return `/suites/${id}`;
  },
  async "suites.delete_case"(at) {
    const path = `/suites/${at.suite_id}/cases`;
    return `${path}/${await made(at, path, aCase)}`;
  },
  async "runs.delete"(at) {
    const id = await made(at, `/agents/${at.agent_id}/runs`, {
      input: "x".repeat(20_000),
      budget: { cost_usd_micros: 10_000_000 },
    });
    expect((await ended(at.company, id)).status).toBe("completed");
    return `/runs/${id}`;
  },
  async "panel.delete_test"(at) {
    const id = await made(at, `/agents/${at.agent_id}/runs`, { input: "x".repeat(20_000), mode: "test" });
    expect((await ended(at.company, id)).status).toBe("completed");
    return `/test/executions/${id}`;
  },
  // The last one: what ends after it would be sent.
  async "trace_export.delete"({ company }) {
    const set = await company.call("PUT", "/trace-export", {
      endpoint: "http://127.0.0.1:9/v1/traces",
      headers: { "api-key": "a-key-of-the-collector" },
    });
    expect(set.status, set.text).toBe(200);
    return "/trace-export";
  },
};

const aCase = {
  name: "Case",
  input: "x".repeat(20_000),
  assertions: [{ kind: "status", status: "completed" }],
};

/** What deletes nothing by itself, and why. */
const OTHERS: Readonly<Record<string, string>> = {
  "agents.delete": "archives it; it is erased later",
  "auth.end_session": "a session is nothing of an organization, and goes once the pool knows that it has ended",
  "sso.unlink_identity": "what it leaves is looked at in test/integration/sso/identities.test.ts",
  "sso.unlink_own_identity": "what it leaves is looked at in test/integration/sso/identities.test.ts",
  "sso.end_enforcement": "takes back a rule; nothing is deleted",
  "users.remove": "the membership stays as a removed one; what they held is given up behind it",
  "invitations.revoke": "it stays as a revoked one until its end",
  "organizations.delete": "it can be restored; it is erased later",
  "organizations.withdraw_transfer": "it stays as a withdrawn one until the next is asked for",
  "roles.delete": "it goes when its members have another one; what it leaves is looked at in test/integration/access",
  "scim.delete_user": "removes a member, as `users.remove` does; what the directory had of them: test/integration/scim",
  "scim.delete_group": "deletes a team, as `teams.delete` does; what the directory had of it: test/integration/scim",
  "pipelines.archive": "archives it; it is erased later",
  "pipelines.delete_node": "makes a revision without it; earlier ones have it",
  "pipelines.delete_connection": "makes a revision without it; earlier ones have it",
};

const deleting = allOperations.map(({ operation }) => operation).filter(({ method }) => method === "DELETE");

it("what each operation leaves that deletes something is looked at", () => {
  expect(deleting.map(({ id }) => id).sort()).toEqual([...Object.keys(MAKERS), ...Object.keys(OTHERS)].sort());
});

it("what a deletion leaves is nothing: no item, no file, nothing due, no place taken", {
  timeout: 600_000,
}, async () => {
  const { company, agent_id } = await lab();
  const member_id = (await addMember(company, "developer")).user_id;
  const tenant = company.organization_id;
  const team_id = (await company.call("POST", "/teams", { name: unique("Team") })).body.id;
  const drawn = { name: unique("Pipeline"), pattern: "sequential" };
  const pipeline_id = (await company.call("POST", "/pipelines", drawn)).body.id;
  const suite_id = (await company.call("POST", `/pipelines/${pipeline_id}/suites`, { name: unique("Suite") })).body.id;
  const { id: deployment_id } = await storedDeployment(company);
  const before = { ...(await itemsOf(tenant)), files: await filesOf(tenant) };

  const paths: string[] = [];
  for (const make of Object.values(MAKERS))
    paths.push(await make({ company, agent_id, member_id, team_id, pipeline_id, suite_id, deployment_id }));
  const webhook = paths.find((path) => path.startsWith("/webhooks/"));
  await eventually(async () => {
    const { items } = (await company.call("GET", `${webhook}/deliveries`)).body;
    return items.some(({ attempt_count }: { attempt_count: number }) => attempt_count > 0) ? items : undefined;
  }, "a delivery was tried");
  const full = { ...(await itemsOf(tenant)), files: await filesOf(tenant) };
  expect(full.keys.size - before.keys.size).toBeGreaterThan(15);
  for (const purpose of ["runs/", "threads/", "uploads/"])
    expect(full.files.some((key) => key.startsWith(purpose))).toBe(true);
  expect(full.quotas).not.toEqual(before.quotas);

  for (const path of paths.reverse()) expect([path, (await company.call("DELETE", path)).status]).toEqual([path, 204]);
  await eventually(
    async () => {
      const now = await itemsOf(tenant);
      return now.keys.difference(before.keys).size === 0 ? now : undefined;
    },
    "everything is cleared away",
    240,
  );
  const after = { ...(await itemsOf(tenant)), files: await filesOf(tenant) };
  expect([...after.keys].sort()).toEqual([...before.keys].sort());
  expect(after.quotas).toEqual(before.quotas);
  expect(after.files).toEqual(before.files);
});
