import { createHash } from "node:crypto";
import { inject } from "vitest";
import { toolPinsItem } from "../../functions/agents/tools/pins.ts";
import { erasureItem } from "../../functions/organizations/erasure/store.ts";
import type { OperationShape } from "../../shared/http/operation.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { activeAgent } from "../e2e/runs/setup.ts";
import { createAgent, scriptedModel } from "../support/agents.ts";
import { eventually, registerCompany, unique } from "../support/api.ts";
import { approvalLink, pendingApproval } from "../support/approvals.ts";
import { createConnection, createProof } from "../support/connections.ts";
import { silentGateway, storedDeployment } from "../support/deployments.ts";
import { emailChangeOf } from "../support/email-change.ts";
import { invited, linkOf } from "../support/invitations.ts";
import { addMember } from "../support/members.ts";
import { App, enrol } from "../support/mfa.ts";
import { startProvider } from "../support/oidc-provider.ts";
import { aRule, promotable, storedPromotion, withoutRules } from "../support/promotions.ts";
import { startReceiver } from "../support/receiver.ts";
import { stackTable } from "../support/stack.ts";
import { mcpServer } from "../unit/executions/tools-server.ts";
import { aStream, bodyOf, World } from "./fixtures.ts";
import { parametersOf } from "./operations.ts";

/** What an operation is asked for so that it succeeds: who asks for what with which body. */
export interface Scene {
  readonly ids: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly token?: string;
}

/** Makes what stands before an operation. */
type Stage = (world: World) => Promise<Scene>;

const agentOf = async ({ company }: World, ...steps: readonly string[]): Promise<Scene> => {
  const { id } = await createAgent(company);
  for (const step of steps) await did(company.call("POST", `/agents/${id}/${step}`, {}));
  return { ids: { agent_id: id } };
};

/** A pipeline that can be activated. */
const pipelineOf = async (world: World, ...steps: readonly string[]): Promise<Scene> => {
  const { id } = await world.post("/pipelines", { name: unique("Pipeline"), pattern: "sequential" });
  const agent_id = (await agentOf(world, "activate")).ids.agent_id ?? "";
  await did(world.company.call("PUT", `/pipelines/${id}/graph`, twoSteps(agent_id)));
  for (const step of steps) await did(world.company.call("POST", `/pipelines/${id}/${step}`, {}));
  return { ids: { pipeline_id: id } };
};

const twoSteps = (agent_id: string) => ({
  nodes: ["input", "agent", "agent", "output"].map((kind, i) => ({
    id: `n${i}`,
    kind,
    label: kind,
    config: kind === "agent" ? { agent_id } : {},
  })),
  connections: [0, 1, 2].map((i) => ({ id: `c${i}`, source: `n${i}`, target: `n${i + 1}` })),
});

/** One that is for nobody. */
const aPolicy = async (world: World): Promise<string> => {
  const said = { name: unique("Policy"), effect: "deny", resource_type: "webhook", action: "replay" };
  return (await world.post("/policies", said)).id;
};

const daily = { name: "Daily", trigger: { kind: "cron", cron: "0 7 * * *" } };

const contextOf = async (world: World, body: object): Promise<Scene & { readonly upload: Upload | null }> => {
  const agent_id = await world.id("agent_id");
  const { id, upload } = await world.post(`/agents/${agent_id}/contexts`, { name: unique("Context"), ...body });
  return { ids: { agent_id, context_id: id }, upload };
};

interface Upload {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
}

const bytes = "# Manual\n";
const file = {
  filename: "manual.md",
  media_type: "text/markdown",
  size_bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
};

async function did(answer: Promise<{ readonly status: number; readonly text: string }>): Promise<void> {
  const { status, text } = await answer;
  if (status >= 300) throw new Error(`a scene could not be set: ${status} ${text}`);
}

/** A run that has come to this state; what is said makes the scripted model fail or wait. */
const runThatIs = async (world: World, status: string, message: string): Promise<Scene> => {
  const model_id = await scriptedModel(world.company);
  const { id } = await createAgent(world.company, { model_id });
  await did(world.company.call("POST", `/agents/${id}/activate`, {}));
  const run = await world.post(`/agents/${id}/runs`, { input: { message: `${message} ${unique()}` } });
  await eventually(
    async () => ((await world.company.call("GET", `/runs/${run.id}`)).body.status === status ? true : undefined),
    `the run is ${status}`,
  );
  return { ids: { run_id: run.id } };
};

const member = async ({ company }: World): Promise<Scene> => ({
  ids: { user_id: (await addMember(company, "viewer")).user_id },
});

const invitation = async ({ company }: World): Promise<Scene> => ({
  ids: { invitation_id: (await invited(company)).id },
});

/** What somebody brings who has the link of an approver. */
const approverLink = async ({ company }: World, body: object = {}): Promise<Scene> => {
  const approval = await pendingApproval(company, { allow_self: true });
  return { ids: {}, body: { token: await approvalLink(company, approval, company.user_id), ...body } };
};

/** An approval that the world's own people may decide. */
const approval = async ({ company }: World): Promise<Scene> => ({
  ids: { approval_id: (await pendingApproval(company, { allow_self: true })).id },
});

/** One transfer waits at a time. */
const endTransfer = async ({ company }: World): Promise<void> => {
  const path = `/organizations/${company.organization_id}/transfer`;
  if ((await company.call("GET", path)).body.status === "pending") await did(company.call("DELETE", path));
};

/** A transfer that waits for the answer of a member, who asks. */
const asked = async (world: World): Promise<Scene> => {
  const { organization_id } = world.company;
  const { user_id, token } = await addMember(world.company, "viewer");
  await endTransfer(world);
  await did(world.company.call("POST", `/organizations/${organization_id}/transfer`, { user_id }));
  return { ids: { organization_id }, token };
};

/** A member of a workspace, who is not its owner. */
const inWorkspace = async (world: World): Promise<Scene> => {
  const workspace_id = await world.id("workspace_id");
  const user_id = (await member(world)).ids.user_id ?? "";
  await did(world.company.call("POST", `/workspaces/${workspace_id}/members`, { user_id, role: "viewer" }));
  return { ids: { workspace_id, user_id }, body: { role: "owner" } };
};

/** A member of a team. */
const inTeam = async (world: World): Promise<Scene> => {
  const team_id = await world.id("team_id");
  const user_id = (await member(world)).ids.user_id ?? "";
  await did(world.company.call("POST", `/teams/${team_id}/members`, { user_id }));
  return { ids: { team_id, user_id }, body: { role: "lead" } };
};

/** Traces go to a collector. */
const exporting = async ({ company }: World): Promise<Scene> => {
  await did(company.call("PUT", "/trace-export", { endpoint: "https://collector.example.com/v1/traces" }));
  return { ids: {} };
};

/** Operations that succeed in a state of their own only. All others are asked for the world's own things. */
const waiting: Stage = async ({ company }) => ({
  ids: { promotion_id: (await storedPromotion(company)).id },
  body: {},
});

const stages: Readonly<Record<string, Stage | undefined>> = {
  "exchange.export": async (world) => ({ ids: {}, body: { agent_ids: [await world.id("agent_id")] } }),
  "agents.activate": (world) => agentOf(world),
  "agents.deactivate": (world) => agentOf(world, "activate"),
  "agents.archive": (world) => agentOf(world),
  "agents.restore": (world) => agentOf(world, "archive"),
  "agents.create_version": (world) => agentOf(world),
  "agents.roll_back": async (world) => {
    const { ids } = await agentOf(world, "versions");
    await did(world.company.call("PATCH", `/agents/${ids.agent_id}`, { description: "Changed" }));
    return { ids: { ...ids, number: "1" } };
  },
  "agents.upload_context": async (world) => ({
    ...(await contextOf(world, { content_type: "file", file })),
    body: file,
  }),
  "agents.complete_context": async (world) => {
    const { ids, upload } = await contextOf(world, { content_type: "file", file });
    if (upload === null) throw new Error("a file context came without an address for its upload");
    const { url, method, headers } = upload;
    await did(fetch(url, { method, headers, body: bytes }).then(async (a) => ({ status: a.status, text: "" })));
    return { ids };
  },
  "agents.refresh_context": (world) => contextOf(world, { content_type: "url", url: "https://example.com/" }),
  "agents.create_tool": (world) => agentOf(world),
  "agents.accept_tool": async (world) => {
    const { ids } = await agentOf(world);
    const agent_id = ids.agent_id ?? "";
    const server = "https://mcp.example.com/";
    const tool = await world.post(`/agents/${agent_id}/tools`, {
      tool_type: "mcp",
      name: unique("files").replaceAll("-", "_"),
      description: "Files",
      config: { server, tools: ["read"] },
    });
    // As a look at the server leaves it when a description has changed.
    const seen = { digest: "new", description: "Reads other files.", seen_at: new Date().toISOString() };
    const pins = { read: { digest: "old", seen } };
    const tenant = stackTable().of(world.company.organization_id);
    const item = { agent_id, tool_id: tool.id, version: 0, server, pins, etag: newEtag(new Date()) };
    await tenant.transact([tenant.writes.create(toolPinsItem, item)]);
    return { ids: { agent_id, tool_id: tool.id }, body: { names: ["read"] } };
  },
  "agents.index_contexts": async (world) => {
    const { id } = await createAgent(world.company, {
      model_id: await scriptedModel(world.company),
      retrieval: { mode: "always" },
    });
    await world.post(`/agents/${id}/contexts`, { name: "Facts", content_type: "text", content: "Cats purr." });
    return { ids: { agent_id: id } };
  },
  "agents.inspect_tool": async (world) => {
    const { ids } = await agentOf(world);
    const { origin } = await mcpServer();
    const tool = await world.post(`/agents/${ids.agent_id}/tools`, {
      tool_type: "mcp",
      name: unique("server").replaceAll("-", "_"),
      description: "Adds",
      config: { server: `${origin}/mcp`, tools: ["add"] },
    });
    return { ids: { agent_id: ids.agent_id ?? "", tool_id: tool.id } };
  },
  "agents.execute": async ({ company }) => {
    const { id } = await createAgent(company, { model_id: await scriptedModel(company) });
    await did(company.call("POST", `/agents/${id}/activate`, {}));
    return { ids: { agent_id: id }, body: { message: "Hello" } };
  },

  "auth.logout": async ({ company }) => ({ ids: {}, token: (await addMember(company, "viewer")).token }),
  "auth.sign_out_others": async ({ company }) => ({ ids: {}, token: (await addMember(company, "viewer")).token }),
  "auth.enrol_totp": async ({ company }) => ({ ids: {}, token: (await addMember(company, "viewer")).token }),
  "auth.activate_totp": async ({ company }) => {
    const member = await addMember(company, "viewer");
    const { secret } = (await member.call("POST", "/auth/me/mfa/totp", {})).body;
    return { ids: {}, token: member.token, body: { code: new App(secret).code() } };
  },
  "auth.renew_recovery_codes": async ({ company }) => {
    const member = await addMember(company, "viewer");
    await enrol(member);
    return { ids: {}, token: member.token };
  },
  "auth.disable_mfa": async ({ company }) => {
    const member = await addMember(company, "viewer");
    await enrol(member);
    return { ids: {}, token: member.token };
  },
  "auth.reset_mfa": async ({ company }) => {
    const member = await addMember(company, "viewer");
    await enrol(member);
    return { ids: { user_id: member.user_id } };
  },
  "auth.change_email": async ({ company }) => {
    const { token } = await addMember(company, "viewer");
    return { ids: {}, token, body: { email: `${unique("new")}@example.com` } };
  },
  "auth.confirm_email": async ({ company }) => {
    const { token, user_id } = await addMember(company, "viewer");
    return { ids: {}, token, body: { token: await emailChangeOf(user_id) } };
  },
  "auth.sign_out_member": member,
  "auth.step_up": async ({ company }) => {
    const { token, password } = await addMember(company, "viewer");
    return { ids: {}, token, body: { password } };
  },
  "auth.switch_organization": async ({ company }) => ({
    ids: {},
    body: { organization_id: company.organization_id },
  }),
  "auth.change_password": async ({ company }) => {
    const { token, password } = await addMember(company, "viewer");
    return { ids: {}, token, body: { current_password: password, new_password: `${unique("a new")} password` } };
  },

  "sso.create": async () => {
    const company = await registerCompany();
    const { issuer, client_id, client_secret } = await startProvider("http://localhost/oauth2/idpresponse");
    return {
      ids: {},
      token: company.token,
      body: { name: unique("Directory"), provider: { kind: "oidc", issuer, client_id, client_secret } },
    };
  },

  "scim.update_settings": async () => ({ ids: {}, body: { default_role: "developer" } }),
  "sso.update": async (world) => ({
    ids: { sso_connection_id: await world.id("sso_connection_id") },
    body: { name: unique("Directory") },
  }),
  "models.put_provider": async () => ({ ids: { provider: "openai" }, body: { api_key: "sk-a-key-of-a-test" } }),
  "models.delete_provider": async ({ company }) => {
    await did(company.call("PUT", "/models/providers/openai", { api_key: "sk-a-key-of-a-test" }));
    return { ids: { provider: "openai" } };
  },
  "scim.create_token": async () => ({
    ids: {},
    token: (await registerCompany()).token,
    body: { name: unique("Directory") },
  }),

  "invitations.resend": invitation,
  "invitations.revoke": invitation,
  "invitations.accept": async ({ company }) => {
    const guest = await registerCompany();
    const { id } = await invited(company, guest.email);
    return { ids: {}, token: guest.token, body: { token: await linkOf(company, id) } };
  },

  "organizations.delete": async ({ company }) => {
    const path = `/organizations/${company.organization_id}`;
    const { slug } = (await company.call("GET", path)).body;
    return { ids: { organization_id: company.organization_id }, query: `confirm=${slug}` };
  },
  "organizations.update_settings": async ({ company }) => ({
    ids: { organization_id: company.organization_id },
    body: { retention: { delivery_days: 7 } },
  }),
  "organizations.restore": async ({ company }) => {
    const founded = await company.call("POST", "/organizations", { name: unique("Branch") });
    const { id, slug } = founded.body.organization;
    const headers = { "organization-id": id };
    await did(company.call("DELETE", `/organizations/${id}?confirm=${slug}`, undefined, headers));
    return { ids: { organization_id: id } };
  },
  "organizations.get_erasure": async ({ company }) => {
    const platform = stackTable().of(PLATFORM);
    const organization_id = newId("organization", new Date());
    const erasure = {
      organization_id,
      status: "erasing",
      claimed_at: "",
      completed_at: null,
      certificate: null,
    } as const;
    const item = { ...erasure, owner_ids: [company.user_id], files: 0, counted_to: "" };
    await platform.transact([platform.writes.create(erasureItem, item)]);
    return { ids: { organization_id } };
  },
  "organizations.ask_transfer": async (world) => {
    const { user_id } = await addMember(world.company, "viewer");
    await endTransfer(world);
    return { ids: { organization_id: world.company.organization_id }, body: { user_id } };
  },
  "organizations.get_transfer": asked,
  "organizations.withdraw_transfer": async (world) => ({ ids: (await asked(world)).ids }),
  "organizations.accept_transfer": async () => asked(new World(await registerCompany())),
  "organizations.decline_transfer": asked,

  "sso.ask_link": async (world) => ({
    ids: {},
    body: {
      connection_id: await world.id("sso_connection_id"),
      redirect_uri: `${inject("stack").apiUrl}/linked`,
      code_challenge: createHash("sha256").update("verifier").digest("base64url"),
    },
  }),
  "sso.finish_link": async ({ company }) => {
    const member = await addMember(company, "viewer");
    const session_id = (await member.call("GET", "/auth/me/sessions")).body.items[0].id;
    const proof = await createProof(await createConnection(company), { user_id: member.user_id, session_id });
    return { ids: {}, token: member.token, body: proof };
  },
  "domains.claim": async () => ({ ids: {}, body: { domain: `${unique("d")}.example.org` } }),
  "domains.remove": async (world) => ({
    ids: { domain_id: (await world.post("/domains", { domain: `${unique("d")}.example.org` })).id },
  }),

  "workspaces.archive": async (world) => ({ ids: { workspace_id: await workspace(world) } }),
  "workspaces.restore": async (world) => {
    const workspace_id = await workspace(world);
    await did(world.company.call("POST", `/workspaces/${workspace_id}/archive`));
    return { ids: { workspace_id } };
  },
  "workspaces.change_member": inWorkspace,
  "workspaces.remove_member": inWorkspace,
  "workspaces.add_member": async (world) => ({
    ids: { workspace_id: await world.id("workspace_id") },
    body: { user_id: (await member(world)).ids.user_id, role: "viewer" },
  }),

  "teams.move": async (world) => {
    const parent_id = await world.id("team_id");
    const { id } = await world.post("/teams", { name: unique("Team") });
    return { ids: { team_id: id }, body: { parent_id } };
  },
  "teams.change_member": inTeam,
  "teams.remove_member": inTeam,
  "teams.add_member": async (world) => ({
    ids: { team_id: await world.id("team_id") },
    body: { user_id: (await member(world)).ids.user_id },
  }),

  "roles.create": async () => ({ ids: {}, body: { name: unique("Role"), grants: ["agents:read"] } }),
  "roles.clone": async (world) => ({ ids: { role: await world.id("role") }, body: { name: unique("Role") } }),
  "users.update_me": async () => ({ ids: {}, body: { name: unique("Ada") } }),
  "users.assign_role": async (world) => ({ ...(await member(world)), body: { role: "developer" } }),
  "users.suspend": member,
  "users.remove": member,
  "users.get_removal": async (world) => {
    const { ids } = await member(world);
    await did(world.company.call("DELETE", `/users/${ids.user_id}`));
    return { ids };
  },
  "users.leave": async ({ company }) => ({
    ids: {},
    token: (await addMember(company, "viewer")).token,
    body: { successor_id: company.user_id },
  }),
  "users.restore": async (world) => {
    const { ids } = await member(world);
    await did(world.company.call("POST", `/users/${ids.user_id}/suspend`));
    return { ids };
  },

  "policies.assign": async (world) => ({
    ids: { policy_id: await aPolicy(world) },
    body: { assignments: [{ type: "role", id: "viewer" }] },
  }),
  "policies.set_tests": async (world) => ({
    ids: { policy_id: await aPolicy(world) },
    body: { tests: [{ name: "Goes on", resource_type: "agent", action: "read", expected: "allow" }] },
  }),
  "policies.activate": async (world) => ({ ids: { policy_id: await aPolicy(world) } }),
  "policies.deactivate": async (world) => {
    const policy_id = await aPolicy(world);
    await did(world.company.call("POST", `/policies/${policy_id}/activate`));
    return { ids: { policy_id } };
  },

  "schedules.create": async (world) => ({
    ids: {},
    body: { ...daily, pipeline_id: (await pipelineOf(world, "activate")).ids.pipeline_id },
  }),
  "audit_streams.pause": async (world) => ({
    ids: { audit_stream_id: (await world.post("/audit/streams", aStream)).id },
  }),
  "trace_export.test": exporting,
  "trace_export.delete": exporting,
  "schedules.run": async (world) => {
    const { pipeline_id } = (await pipelineOf(world, "activate")).ids;
    return { ids: { schedule_id: (await world.post("/schedules", { ...daily, pipeline_id })).id } };
  },

  "deployments.create": async ({ company }) => {
    const gateway = await silentGateway(company, "active");
    return { ids: {}, body: { agent_id: await activeAgent(company, {}), gateway_id: gateway.id } };
  },
  "deployments.redeploy": async ({ company }) => ({
    ids: { deployment_id: (await storedDeployment(company, { ready: true })).id },
    body: {},
  }),
  "deployments.create_key": async ({ company }) => ({
    ids: { deployment_id: (await storedDeployment(company)).id },
    body: { name: unique("Key") },
  }),
  "deployments.stop": async ({ company }) => ({
    ids: { deployment_id: (await storedDeployment(company, { status: "active" })).id },
  }),
  "promotions.create": async ({ company }) => ({ ids: {}, body: await promotable(company) }),
  "promotions.approve": waiting,
  "promotions.reject": waiting,
  "promotions.cancel": waiting,
  "promotion_rules.create": async ({ company }) => {
    await withoutRules(company);
    return { ids: {}, body: aRule };
  },
  "suites.start_run": async (world) => ({ ids: { suite_id: (await suiteWithCase(world)).suite_id } }),
  // Its one case waits for a model, so it still goes on.
  "suites.cancel_run": async (world) => {
    const { suite_id } = await suiteWithCase(world, "[[delay:20000]]");
    return { ids: { suite_run_id: (await world.post(`/suites/${suite_id}/runs`, {})).id } };
  },

  "pipelines.activate": (world) => pipelineOf(world),
  "pipelines.deactivate": (world) => pipelineOf(world, "activate"),
  "pipelines.create_from_pattern": async (world) => {
    const { agent_id = "" } = (await agentOf(world)).ids;
    const pattern = { name: "sequential", agents: [{ agent_id }, { agent_id }] };
    return { ids: {}, body: { name: unique("Drawn"), pattern } };
  },
  "pipelines.restore": async (world) => {
    const { ids } = await pipelineOf(world);
    await did(world.company.call("DELETE", `/pipelines/${ids.pipeline_id}`));
    return { ids };
  },
  "pipelines.replace_graph": async (world) => ({
    ...(await pipelineOf(world)),
    body: twoSteps((await agentOf(world)).ids.agent_id ?? ""),
  }),
  "pipelines.update_connection": async (world) => ({
    ids: { ...(await pipelineOf(world)).ids, connection_id: "c1" },
    body: { label: "Later" },
  }),
  "pipelines.create_connection": async (world) => {
    const { ids } = await pipelineOf(world);
    await did(world.company.call("DELETE", `/pipelines/${ids.pipeline_id}/connections/c1`));
    return { ids, body: twoSteps("").connections[1] };
  },

  "webhooks.replay_delivery": async (world) => {
    const receiver = await startReceiver();
    try {
      const { id } = await world.post("/webhooks", { name: "Hook", url: receiver.url, events: ["agent.archived"] });
      await did(world.company.call("POST", `/webhooks/${id}/test`, {}));
      const delivery_id = await eventually(async () => {
        const [one] = (await world.company.call("GET", `/webhooks/${id}/deliveries`)).body.items;
        return one?.status === "succeeded" ? one.id : undefined;
      }, "the delivery has succeeded");
      return { ids: { webhook_id: id, delivery_id } };
    } finally {
      await receiver.close();
    }
  },
  "webhooks.replay": async (world) => {
    const hook = { name: "Hook", url: "https://example.com/hooks", events: ["agent.archived"] };
    const { id } = await world.post("/webhooks", hook);
    return { ids: { webhook_id: id }, body: { since: new Date(Date.now() - 60_000).toISOString() } };
  },

  "audit.erase_person": async ({ company }) => {
    const { user_id } = await addMember(company, "viewer");
    await did(company.call("DELETE", `/users/${user_id}`));
    return { ids: { user_id } };
  },

  "approvals.look_up": (world) => approverLink(world),
  "approvals.decide_by_link": (world) => approverLink(world, { decision: "approved" }),
  "approvals.approve": approval,
  "approvals.reject": approval,
  "panel.test_agent": async (world) => ({ ...(await agentOf(world)), body: { input: { message: "Hi" } } }),
  "panel.test_pipeline": (world) => pipelineOf(world),
  "panel.test_node": async (world) => ({ ids: { ...(await pipelineOf(world)).ids, node_id: "n1" } }),
  "runs.start_pipeline": (world) => pipelineOf(world, "activate"),
  "runs.start_agent": async (world) => ({ ...(await agentOf(world, "activate")), body: { input: { message: "Hi" } } }),
  "runs.delete": (world) => runThatIs(world, "completed", "Hello"),
  "runs.stop": (world) => runThatIs(world, "running", "[[delay:20000]]"),
  "runs.rerun": (world) => runThatIs(world, "failed", "[[fail:400]]"),
  "runs.retry": (world) => runThatIs(world, "failed", "[[fail:400]]"),
};

/** A suite of an agent with one case. */
async function suiteWithCase(world: World, message = "Hello") {
  const { agent_id } = (await agentOf(world, "activate")).ids;
  const { id } = await world.post(`/agents/${agent_id}/suites`, { name: unique("Suite") });
  const assertions = [{ kind: "status", status: "completed" }];
  await world.post(`/suites/${id}/cases`, { name: "Case", input: { message }, assertions });
  return { suite_id: String(id) };
}

const workspace = async (world: World): Promise<string> =>
  (await world.post("/workspaces", { name: unique("Workspace") })).id;

/** What has to be asked, in this world, for the operation to succeed. */
export async function sceneOf(world: World, operation: OperationShape): Promise<Scene> {
  const stage = stages[operation.id];
  const names = parametersOf(operation);
  const set = stage === undefined ? { ids: {} } : await stage(world);
  const missing = names.filter((name) => !Object.hasOwn(set.ids, name));
  const ids = Object.fromEntries(await Promise.all(missing.map(async (name) => [name, await world.id(name)] as const)));
  // What stands before several operations has a body for those that take one.
  const { body: said, ...others } = { body: undefined, ...set };
  const body = operation.request.body === undefined ? {} : { body: said ?? bodyOf(operation) };
  return { ...others, ...body, ids: { ...ids, ...set.ids } };
}
