import type { OperationShape } from "../../shared/http/operation.ts";
import { type ApiAnswer, type Company, eventually, unique } from "../support/api.ts";
import { pendingApproval } from "../support/approvals.ts";
import { auditCopied } from "../support/audit-copies.ts";
import { createConnection, createIdentity } from "../support/connections.ts";
import { storedDeployment } from "../support/deployments.ts";
import { addMember } from "../support/members.ts";
import { asked, newOperator } from "../support/operators.ts";
import { aRule, ruleOf, storedPromotion } from "../support/promotions.ts";
import { sampleBody } from "./sample.ts";

/**
 * What a path parameter names. `make` makes such a thing in a company and gives its id: it belongs to that company, and
 * nobody else may learn of it. `plain` is no thing of a company: a number within one, a name of the product.
 */
export type PathFixture =
  | { readonly make: (world: World) => Promise<string> }
  | { readonly plain: string; readonly because: string };

/** A company and the things that were made in it, one of each kind, when they are first needed. */
export class World {
  readonly company: Company;
  readonly #made = new Map<string, Promise<string>>();

  constructor(company: Company) {
    this.company = company;
  }

  /** The id of this company's thing that a path parameter names, or the parameter's plain value. */
  id(parameter: string): Promise<string> {
    const fixture = pathFixtures[parameter];
    if (fixture === undefined) throw new Error(`no fixture makes a {${parameter}}: add one to ${import.meta.filename}`);
    if ("plain" in fixture) return Promise.resolve(fixture.plain);
    let made = this.#made.get(parameter);
    if (made === undefined) {
      made = fixture.make(this);
      this.#made.set(parameter, made);
    }
    return made;
  }

  async post(path: string, body: unknown): Promise<ApiAnswer["body"]> {
    const answer = await this.company.call("POST", path, body);
    if (answer.status >= 300) throw new Error(`fixture POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }
}

/** A small graph. */
const graph = {
  nodes: [
    { id: "input-1", kind: "input", label: "Request", config: {} },
    { id: "output-1", kind: "output", label: "Answer", config: {} },
  ],
  connections: [{ id: "c1", source: "input-1", target: "output-1" }],
};

const made = (path: string | ((world: World) => Promise<string>), body: () => unknown): PathFixture => ({
  make: async (world) => (await world.post(typeof path === "string" ? path : await path(world), body())).id,
});

/** For every path parameter of every operation. The tests fail for one that is not here: a new noun adds its own. */
export const pathFixtures: Readonly<Record<string, PathFixture | undefined>> = {
  organization_id: { make: async ({ company }) => company.organization_id },
  user_id: { make: async ({ company }) => company.user_id },
  session_id: { make: async ({ company }) => (await company.call("GET", "/auth/me/sessions")).body.items[0].id },
  workspace_id: { make: async ({ company }) => company.workspace_id },
  sso_connection_id: { make: async ({ company }) => (await createConnection(company)).id },
  scim_token_id: made("/scim/tokens", () => ({ name: unique("Directory") })),
  sso_identity_id: {
    make: async (world) => (await createIdentity(await world.id("sso_connection_id"), world.company)).id,
  },
  sso_trial_id: made(
    async (world) => `/sso/connections/${await world.id("sso_connection_id")}/trials`,
    () => undefined,
  ),
  api_key_id: made("/api-keys", () => ({ name: unique("Key"), scopes: ["agents:read"] })),
  service_account_id: made("/service-accounts", () => ({ name: unique("CI"), role: "viewer" })),
  reason: { plain: "expired", because: "reasons belong to the product" },
  invitation_id: made("/invitations", () => ({ email: `${unique("guest")}@example.com`, role: "viewer" })),
  domain_id: made("/domains", () => ({ domain: `${unique("d")}.example.org` })),
  access_id: {
    make: async ({ company }) => (await asked(await newOperator(), company)).id,
  },
  domain: { plain: "acme.example.org", because: "domains are the world's" },
  team_id: made("/teams", () => ({ name: unique("Team") })),
  event_type: { plain: "agent.created", because: "types of events belong to the product" },
  role: made("/roles", () => ({ name: unique("Role"), grants: ["agents:read"] })),
  permission: { plain: "agents:read", because: "permissions belong to the product" },
  policy_id: made("/policies", () => ({ ...aPolicy, name: unique("Policy") })),
  audit_id: { make: async ({ company }) => (await company.call("GET", "/audit/logs?limit=1")).body.items[0].id },
  copy_id: { make: async ({ company }) => (await auditCopied(company))[0]?.id ?? "" },
  hold_id: made("/audit/holds", () => ({ name: unique("Hold"), reason: "Case 14" })),
  // Paused: nobody is there to whom it could send.
  audit_stream_id: {
    make: async (world) => {
      const { id } = await world.post("/audit/streams", aStream);
      await world.post(`/audit/streams/${id}/pause`, undefined);
      return id;
    },
  },
  resource_type: { plain: "organization", because: "types belong to the product" },
  resource_id: { make: async ({ company }) => company.organization_id },

  agent_id: made("/agents", () => ({
    name: unique("Agent"),
    agent_type: "chat",
    model_id: "amazon-bedrock/claude-sonnet-4-5",
  })),
  context_id: made(
    async (world) => `/agents/${await world.id("agent_id")}/contexts`,
    () => ({ name: unique("Context"), content_type: "text", content: "Facts." }),
  ),
  tool_id: made(
    async (world) => `/agents/${await world.id("agent_id")}/tools`,
    () => ({ ...tool, name: unique("add").replaceAll("-", "_") }),
  ),
  thread_id: made(
    async (world) => `/agents/${await world.id("agent_id")}/threads`,
    () => ({ title: "Plans" }),
  ),
  number: { plain: "1", because: "numbers a version of an agent" },

  pipeline_id: {
    make: async (world) => {
      const { id } = await world.post("/pipelines", { name: unique("Pipeline"), pattern: "sequential" });
      const saved = await world.company.call("PUT", `/pipelines/${id}/graph`, graph);
      if (saved.status !== 200) throw new Error(`fixture graph: ${saved.text}`);
      return id;
    },
  },
  revision: { plain: "1", because: "numbers a revision of a pipeline" },
  node_id: { plain: "input-1", because: "names a node of one graph" },
  connection_id: { plain: "c1", because: "names a connection of one graph" },

  run_id: {
    make: async (world) => {
      const agent = await world.id("agent_id");
      await world.post(`/agents/${agent}/activate`, {});
      return (await world.post(`/agents/${agent}/runs`, { input: { message: "Hello" }, mode: "test" })).id;
    },
  },
  approval_id: {
    make: async ({ company }) => {
      await addMember(company, "org_admin");
      return (await pendingApproval(company)).id;
    },
  },
  with_run_id: { make: async (world) => world.id("run_id") },
  attempt: { plain: "1", because: "numbers an attempt of a step" },

  schedule_id: {
    make: async (world) => {
      const trigger = { kind: "cron", cron: "0 7 * * *" };
      return (await world.post("/schedules", { name: "Daily", pipeline_id: await world.id("pipeline_id"), trigger }))
        .id;
    },
  },

  suite_id: made(
    async (world) => `/pipelines/${await world.id("pipeline_id")}/suites`,
    () => ({ name: unique("Suite") }),
  ),
  case_id: made(
    async (world) => `/suites/${await world.id("suite_id")}/cases`,
    () => aCase,
  ),
  suite_run_id: {
    make: async (world) => {
      const agent = (await world.post("/agents", { ...anAgent, name: unique("Agent") })).id;
      await world.post(`/agents/${agent}/activate`, {});
      const suite = (await world.post(`/agents/${agent}/suites`, { name: unique("Suite") })).id;
      await world.post(`/suites/${suite}/cases`, aCase);
      return (await world.post(`/suites/${suite}/runs`, {})).id;
    },
  },

  template_id: { plain: "support-answerer", because: "templates come with the product" },
  provider: { plain: "openai", because: "names one of the providers that the product knows" },
  model: { plain: "gpt-5", because: "names a model of a provider" },

  // Nobody asks an inactive one how it is: there is nobody.
  gateway_id: made("/gateways", () => aGateway),
  promotion_id: { make: async ({ company }) => (await storedPromotion(company)).id },
  // There is one per pair of environments.
  promotion_rule_id: { make: ({ company }) => ruleOf(company) },
  deployment_id: { make: async ({ company }) => (await storedDeployment(company)).id },
  key_id: made(
    async (world) => `/deployments/${await world.id("deployment_id")}/endpoint/keys`,
    () => ({ name: unique("Key") }),
  ),

  webhook_id: made("/webhooks", () => ({ name: "Hook", url: "https://example.com/hooks", events: ["agent.created"] })),
  delivery_id: {
    make: async (world) => {
      const webhook = await world.id("webhook_id");
      await world.post(`/webhooks/${webhook}/test`, {});
      return eventually(
        async () => (await world.company.call("GET", `/webhooks/${webhook}/deliveries`)).body.items[0]?.id,
        "the delivery of a test",
      );
    },
  },
  replay_id: made(
    async (world) => `/webhooks/${await world.id("webhook_id")}/replay`,
    () => ({ since: new Date(Date.now() - 60_000).toISOString() }),
  ),
};

const anAgent = { agent_type: "chat", model_id: "amazon-bedrock/claude-sonnet-4-5" };

/** A policy that is for nobody: what the others of the world do hangs on none. */
const aPolicy = { name: "Policy", effect: "deny", resource_type: "webhook", action: "replay", assignments: [] };

/** Where an audit log goes on to; nobody is there. */
export const aStream = { name: "SIEM", destination: { kind: "https", url: "https://collector.example.com/audit" } };

/** Where agents are to be deployed; nobody is there. */
const aGateway = {
  name: "Gateway",
  api_url: "https://agents.example.com",
  api_key: "a-key-of-the-gateway",
  admin_state: "inactive",
};

/** A test case of a suite. */
const aCase = { name: "Case", input: {}, assertions: [{ kind: "status", status: "completed" }] };

/** A tool of an agent. */
const tool = {
  tool_type: "function",
  name: "add",
  description: "Adds two numbers.",
  config: { parameters: { type: "object", properties: { a: { type: "number" } } }, expression: "a + 1" },
};

/** Bodies of operations whose schemas ask for more than their form says. */
const bodyExamples: Readonly<Record<string, unknown>> = {
  "agents.create_tool": tool,
  "exchange.export": { agent_ids: ["agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC"] },
  "exchange.import": {
    document: {
      kaizen_version: 1,
      agents: [{ name: "Imported", agent_type: "chat", model_id: "amazon-bedrock/claude-sonnet-4-5" }],
    },
    on_conflict: "rename",
  },
  "auth.step_up": { password: "correct horse battery staple" },
  "sso.finish_link": { code: "ssn_01JDQ4X0Z5V8W3N7K2M9R6T1BC.x", code_verifier: "x".repeat(43) },
  "agents.upload_context": { filename: "facts.txt", media_type: "text/plain", size_bytes: 5 },
  "suites.create_case": aCase,
  "audit_streams.create": aStream,
  "audit_streams.update": { description: "To the SIEM." },
  "audit_streams.start": { from: "now" },
  "gateways.create": aGateway,
  "deployments.create": { agent_id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC", gateway_id: "gtw_01JDQ4X0Z5V8W3N7K2M9R6T1BC" },
  "deployments.redeploy": {},
  "deployments.create_key": { name: "Key" },
  "deployments.update_endpoint": { requests_per_minute: 100 },
  "promotions.create": {
    deployment_id: "dep_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    target_gateway_id: "gtw_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  },
  "promotions.approve": {},
  "promotions.reject": {},
  "promotions.cancel": {},
  "promotion_rules.create": aRule,
  "promotion_rules.update": { description: "With care." },
  "gateways.update": { description: "In the cellar." },
  "policies.create": aPolicy,
  "policies.update": { description: "As it was." },
  "policies.assign": { assignments: [] },
  "policies.set_defaults": { denied_by_default: [] },
  "policies.rollback": { version: 1 },
  "policies.set_tests": { tests: [] },
  "policies.test": {},
  "policies.import": { document: { items: [{ kaizen_policy: 1, ...aPolicy, name: "Imported" }] } },
  "policies.simulate": { resource_type: "agent", action: "update" },
  "pipelines.create_node": { ...graph.nodes[0], id: "input-2" },
  "pipelines.move_nodes": { positions: { "input-1": { x: 0, y: 90 } } },
  "pipelines.create_connection": { ...graph.connections[0], id: "c2" },
};

/** A body that the operation's schema accepts; undefined when it takes none. @throws when none is known */
export function bodyOf(operation: OperationShape): unknown {
  const { body } = operation.request;
  if (body === undefined) return undefined;
  const example = bodyExamples[operation.id] ?? sampleBody(operation);
  if (!body.safeParse(example).success)
    throw new Error(`no valid body is known for ${operation.id}: add one to ${import.meta.filename}`);
  return example;
}

/** Ids in the form that the paths of these operations ask for, which nothing has. Plain parameters keep their value. */
export function nowhere({ path, request }: OperationShape): Record<string, string> {
  const shape = request.path?.shape ?? {};
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  return Object.fromEntries(
    names.map((name) => {
      const fixture = pathFixtures[name];
      if (fixture !== undefined && "plain" in fixture) return [name, fixture.plain];
      const example = (shape[name] as { meta?: () => { example?: unknown } | undefined }).meta?.()?.example;
      return [name, unknownLike(typeof example === "string" ? example : "org_")];
    }),
  );
}

/** An id of the same kind as this one, that nothing has. */
export const unknownLike = (id: string): string => `${id.slice(0, id.indexOf("_") + 1)}${"0".repeat(25)}1`;
