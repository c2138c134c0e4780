import { newCertificate, samlMetadata } from "../../test/support/saml-metadata.ts";
import type { Tenant } from "./world.ts";

/** What an organization of the benchmark holds, by the names that scenarios use in their paths. */
export interface Scene {
  readonly organization: string;
  readonly user: string;
  readonly email: string;
  /** Somebody who has joined, like so many others. */
  readonly member: string;
  readonly agent: string;
  readonly other_agent: string;
  readonly pipeline: string;
  readonly webhook: string;
  readonly workspace: string;
  readonly team: string;
  readonly run: string;
  readonly invitation: string;
  readonly domain: string;
  /** Where people have their addresses whom the directory brings. */
  readonly mail_domain: string;
  readonly sso_connection: string;
  /** Of a SAML provider. */
  readonly metadata: string;
  readonly scim_user: string;
  readonly scim_group: string;
}

/** One operation to measure. Adding one means one line. */
export interface Scenario {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: (scene: Scene) => string;
  readonly body?: (scene: Scene) => unknown;
}

/** Pages are smaller than the smaller organization's lists, so that both answer with full ones. */
const PAGE = "limit=5";

const agent = (name: string) => ({
  name,
  agent_type: "task",
  model_id: "amazon-bedrock/claude-sonnet-4-5",
  system_prompt: "You help.",
});
const webhook = (name: string) => ({ name, url: "https://example.com/hooks", events: ["webhook.updated"] });
const pipeline = (name: string) => ({ name, pattern: "sequential" });
const node = (id: string, kind: string, config: object = {}) => ({ id, kind, label: id, config });

const connection = (name: string, metadata: string) => ({ name, provider: { kind: "saml", metadata } });

/** Somebody as a directory describes them. */
const person = (userName: string) => ({ userName, externalId: userName, displayName: "Ada", active: true });
const patch = (Operation: object) => ({ Operations: [Operation] });
const asked = (filter: string) => `filter=${encodeURIComponent(filter)}&excludedAttributes=members`;

/** A graph of two agents; the label tells one from another. */
export const graphOf = (agents: readonly [string, string], label = "out") => ({
  nodes: [
    node("in", "input"),
    node("one", "agent", { agent_id: agents[0] }),
    node("two", "agent", { agent_id: agents[1] }),
    { ...node("out", "output"), label },
  ],
  connections: ["in", "one", "two"].map((source, i) => ({ id: `c${i}`, source, target: ["one", "two", "out"][i] })),
});

/** Fills an organization with so many of each thing. */
export async function furnish(tenant: Tenant, count: number): Promise<Scene> {
  const made = async (path: string, body: object, times = count, keep: readonly string[] = []) =>
    String((await tenant.several(times, "POST", path, body, keep)).body.id);
  const workspace = await made("/workspaces", { name: "Shared", environment: "development" });
  const team = await made("/teams", { name: "Design" });
  const one = await made("/agents", agent("Sorter"));
  const other = await made("/agents", agent("Writer"), 1);
  for (const id of [one, other]) await tenant.call("POST", `/agents/${id}/activate`, {});
  const drawn = await made("/pipelines", pipeline("Letters"));
  await tenant.call("PUT", `/pipelines/${drawn}/graph`, graphOf([one, other]));
  const run = await made(`/pipelines/${drawn}/runs`, { mode: "test", input: { n: 1 } }, count, [drawn, one, other]);
  const hook = await made("/webhooks", webhook("CI"));
  const invitation = await made("/invitations", { email: "guest@example.com", role: "viewer" });
  const domain = await made("/domains", { domain: "acme.example.org" }, 1);
  const member = await tenant.join(count);
  const { domain: mail_domain, token_id } = await tenant.connectDirectory();
  const metadata = samlMetadata([(await newCertificate()).text]);
  const sso_connection = await made("/sso/connections", connection("Directory", metadata), 1);
  const scim_user = await made("/scim/v2/Users", person(`first@${mail_domain}`), count, [token_id]);
  const scim_group = await made("/scim/v2/Groups", { displayName: "Research" }, count, [token_id]);
  for (const path of [
    "/workspaces",
    "/teams",
    "/invitations",
    "/users",
    "/agents",
    "/pipelines",
    "/runs",
    "/webhooks",
    "/audit/logs",
  ])
    await expectAtLeast(tenant, path, count);
  const { organization_id: organization, user_id: user, email } = tenant.owner;
  return {
    organization,
    user,
    email,
    member,
    agent: one,
    other_agent: other,
    pipeline: drawn,
    webhook: hook,
    workspace,
    team,
    run,
    invitation,
    domain,
    mail_domain,
    sso_connection,
    metadata,
    scim_user,
    scim_group,
  };
}

/** The copies are there, and the product's own lists find them. */
async function expectAtLeast(tenant: Tenant, path: string, count: number): Promise<void> {
  const { items, next_cursor } = (await tenant.call("GET", `${path}?limit=100`)).body;
  const listed = Array.isArray(items) ? items.length : 0;
  if (listed < Math.min(count, 100) || (count > 100 && next_cursor === null))
    throw new Error(`${path} lists ${listed} of ${count}`);
}

export const scenarios: readonly Scenario[] = [
  { id: "organizations.get", method: "GET", path: (s) => `/organizations/${s.organization}` },
  {
    id: "organizations.update",
    method: "PATCH",
    path: (s) => `/organizations/${s.organization}`,
    body: () => ({ name: "Acme 2" }),
  },
  { id: "organizations.get_settings", method: "GET", path: (s) => `/organizations/${s.organization}/settings` },
  {
    id: "organizations.update_settings",
    method: "PATCH",
    path: (s) => `/organizations/${s.organization}/settings`,
    body: () => ({ general: { language: "de" } }),
  },
  {
    id: "organizations.ask_transfer",
    method: "POST",
    path: (s) => `/organizations/${s.organization}/transfer`,
    body: (s) => ({ user_id: s.member }),
  },
  { id: "organizations.get_transfer", method: "GET", path: (s) => `/organizations/${s.organization}/transfer` },
  { id: "organizations.withdraw_transfer", method: "DELETE", path: (s) => `/organizations/${s.organization}/transfer` },
  { id: "auth.me", method: "GET", path: () => "/auth/me" },
  { id: "auth.list_my_organizations", method: "GET", path: () => `/auth/me/organizations?${PAGE}` },
  {
    id: "auth.login",
    method: "POST",
    path: () => "/auth/login",
    body: (s) => ({ email: s.email, password: "correct horse battery" }),
  },
  {
    id: "auth.step_up",
    method: "POST",
    path: () => "/auth/step-up",
    body: () => ({ password: "correct horse battery" }),
  },
  { id: "auth.list_sessions", method: "GET", path: () => "/auth/me/sessions" },
  { id: "auth.sign_out_others", method: "POST", path: () => "/auth/me/sign-out-others" },
  { id: "auth.get_mfa", method: "GET", path: () => "/auth/me/mfa" },
  { id: "auth.enrol_totp", method: "POST", path: () => "/auth/me/mfa/totp", body: () => ({}) },
  { id: "auth.change_email", method: "POST", path: () => "/auth/me/email", body: (s) => ({ email: `new-${s.email}` }) },
  { id: "users.list_delegatees", method: "GET", path: () => `/users/delegatees?${PAGE}` },
  { id: "users.list", method: "GET", path: () => `/users?${PAGE}` },
  { id: "users.list_by_joined", method: "GET", path: () => `/users?sort=joined_at&${PAGE}` },
  { id: "users.list_of_role", method: "GET", path: () => `/users?role=viewer&${PAGE}` },
  { id: "users.me", method: "GET", path: () => "/users/me" },
  { id: "users.update_me", method: "PATCH", path: () => "/users/me", body: () => ({ name: "Ada L." }) },
  { id: "users.get", method: "GET", path: (s) => `/users/${s.member}` },
  { id: "users.assign_role", method: "PATCH", path: (s) => `/users/${s.member}`, body: () => ({ role: "developer" }) },
  { id: "users.suspend", method: "POST", path: (s) => `/users/${s.member}/suspend`, body: () => ({}) },
  { id: "users.restore", method: "POST", path: (s) => `/users/${s.member}/restore`, body: () => ({}) },
  {
    id: "organizations.create",
    method: "POST",
    path: () => "/organizations",
    // A name of its own: the slug of the other organization's branch is taken.
    body: (s) => ({ name: `Branch ${s.organization.slice(-6)}` }),
  },
  { id: "invitations.list", method: "GET", path: () => `/invitations?${PAGE}` },
  { id: "invitations.get", method: "GET", path: (s) => `/invitations/${s.invitation}` },
  {
    id: "invitations.create",
    method: "POST",
    path: () => "/invitations",
    body: () => ({ email: "new@example.com", role: "viewer" }),
  },
  { id: "invitations.resend", method: "POST", path: (s) => `/invitations/${s.invitation}/resend` },
  { id: "invitations.revoke", method: "DELETE", path: (s) => `/invitations/${s.invitation}` },
  { id: "domains.list", method: "GET", path: () => `/domains?${PAGE}` },
  { id: "domains.get", method: "GET", path: (s) => `/domains/${s.domain}` },
  { id: "domains.claim", method: "POST", path: () => "/domains", body: () => ({ domain: "new.example.org" }) },
  {
    id: "domains.update",
    method: "PATCH",
    path: (s) => `/domains/${s.domain}`,
    body: () => ({ auto_join: true }),
  },
  { id: "domains.verify", method: "POST", path: (s) => `/domains/${s.domain}/verify` },
  {
    id: "domains.send_verification_mail",
    method: "POST",
    path: (s) => `/domains/${s.domain}/verification-mail`,
    body: () => ({ mailbox: "admin" }),
  },
  { id: "domains.remove", method: "DELETE", path: (s) => `/domains/${s.domain}` },
  { id: "teams.get", method: "GET", path: (s) => `/teams/${s.team}` },
  { id: "teams.list", method: "GET", path: () => `/teams?${PAGE}` },
  { id: "teams.search", method: "GET", path: () => `/teams?search=des&${PAGE}` },
  { id: "teams.create", method: "POST", path: () => "/teams", body: () => ({ name: "New" }) },
  { id: "teams.update", method: "PATCH", path: (s) => `/teams/${s.team}`, body: () => ({ name: "Drawing" }) },
  {
    id: "teams.add_member",
    method: "POST",
    path: (s) => `/teams/${s.team}/members`,
    body: (s) => ({ user_id: s.user }),
  },
  { id: "teams.list_members", method: "GET", path: (s) => `/teams/${s.team}/members?${PAGE}` },
  { id: "teams.list_of_user", method: "GET", path: (s) => `/users/${s.user}/teams` },
  {
    id: "teams.remove_member",
    method: "DELETE",
    path: (s) => `/teams/${s.team}/members/${s.user}`,
  },
  { id: "teams.move", method: "POST", path: (s) => `/teams/${s.team}/move`, body: () => ({ parent_id: null }) },
  { id: "teams.delete", method: "DELETE", path: (s) => `/teams/${s.team}` },
  { id: "scim.list_tokens", method: "GET", path: () => `/scim/tokens?${PAGE}` },
  { id: "scim.get_settings", method: "GET", path: () => "/scim/settings" },
  {
    id: "scim.update_settings",
    method: "PATCH",
    path: () => "/scim/settings",
    body: () => ({ group_rules: [{ group: "Research", role: "developer" }] }),
  },
  { id: "scim.list_users", method: "GET", path: () => "/scim/v2/Users?startIndex=1&count=5" },
  {
    id: "scim.find_user",
    method: "GET",
    path: (s) => `/scim/v2/Users?${asked(`userName eq "first@${s.mail_domain}"`)}`,
  },
  { id: "scim.get_user", method: "GET", path: (s) => `/scim/v2/Users/${s.scim_user}` },
  {
    id: "scim.create_user",
    method: "POST",
    path: () => "/scim/v2/Users",
    body: (s) => person(`second@${s.mail_domain}`),
  },
  {
    id: "scim.replace_user",
    method: "PUT",
    path: (s) => `/scim/v2/Users/${s.scim_user}`,
    body: (s) => ({ ...person(`first@${s.mail_domain}`), title: "Countess" }),
  },
  { id: "scim.list_groups", method: "GET", path: () => "/scim/v2/Groups?startIndex=1&count=5" },
  { id: "scim.find_group", method: "GET", path: () => `/scim/v2/Groups?${asked('displayName eq "Research"')}` },
  {
    id: "scim.create_group",
    method: "POST",
    path: () => "/scim/v2/Groups",
    body: () => ({ displayName: "Newcomers" }),
  },
  {
    id: "scim.patch_group",
    method: "PATCH",
    path: (s) => `/scim/v2/Groups/${s.scim_group}`,
    body: (s) => patch({ op: "add", path: "members", value: [{ value: s.scim_user }] }),
  },
  { id: "scim.get_group", method: "GET", path: (s) => `/scim/v2/Groups/${s.scim_group}` },
  {
    id: "scim.patch_user",
    method: "PATCH",
    path: (s) => `/scim/v2/Users/${s.scim_user}`,
    body: () => patch({ op: "replace", path: "active", value: false }),
  },
  { id: "scim.delete_group", method: "DELETE", path: (s) => `/scim/v2/Groups/${s.scim_group}` },
  { id: "scim.delete_user", method: "DELETE", path: (s) => `/scim/v2/Users/${s.scim_user}` },
  {
    id: "workspaces.add_member",
    method: "POST",
    path: (s) => `/workspaces/${s.workspace}/members`,
    body: (s) => ({ user_id: s.member, role: "viewer" }),
  },
  { id: "workspaces.list_members", method: "GET", path: (s) => `/workspaces/${s.workspace}/members?${PAGE}` },
  { id: "workspaces.list", method: "GET", path: () => `/workspaces?${PAGE}` },
  {
    id: "workspaces.create",
    method: "POST",
    path: () => "/workspaces",
    body: () => ({ name: "New", environment: "staging" }),
  },
  { id: "agents.get", method: "GET", path: (s) => `/agents/${s.agent}` },
  { id: "agents.list", method: "GET", path: () => `/agents?${PAGE}` },
  { id: "agents.list_by_status", method: "GET", path: () => `/agents?status=draft&${PAGE}` },
  { id: "agents.create", method: "POST", path: () => "/agents", body: () => agent("New") },
  { id: "agents.update", method: "PATCH", path: (s) => `/agents/${s.agent}`, body: () => ({ description: "Sorts." }) },
  { id: "agents.create_version", method: "POST", path: (s) => `/agents/${s.agent}/versions`, body: () => ({}) },
  { id: "pipelines.get", method: "GET", path: (s) => `/pipelines/${s.pipeline}` },
  { id: "pipelines.list", method: "GET", path: () => `/pipelines?${PAGE}` },
  { id: "pipelines.create", method: "POST", path: () => "/pipelines", body: () => pipeline("New") },
  {
    id: "pipelines.create_node",
    method: "POST",
    path: (s) => `/pipelines/${s.pipeline}/nodes`,
    body: () => node("three", "merge"),
  },
  { id: "pipelines.delete_node", method: "DELETE", path: (s) => `/pipelines/${s.pipeline}/nodes/three` },
  { id: "pipelines.activate", method: "POST", path: (s) => `/pipelines/${s.pipeline}/activate`, body: () => ({}) },
  { id: "runs.start", method: "POST", path: (s) => `/pipelines/${s.pipeline}/runs`, body: () => ({ input: { n: 1 } }) },
  { id: "runs.get", method: "GET", path: (s) => `/runs/${s.run}` },
  { id: "runs.list", method: "GET", path: () => `/runs?${PAGE}` },
  { id: "runs.list_logs", method: "GET", path: (s) => `/runs/${s.run}/logs?${PAGE}` },
  { id: "webhooks.get", method: "GET", path: (s) => `/webhooks/${s.webhook}` },
  { id: "webhooks.list", method: "GET", path: () => `/webhooks?${PAGE}` },
  { id: "webhooks.create", method: "POST", path: () => "/webhooks", body: () => webhook("New") },
  { id: "webhooks.update", method: "PATCH", path: (s) => `/webhooks/${s.webhook}`, body: () => ({ name: "CI 2" }) },
  { id: "sso.list", method: "GET", path: () => `/sso/connections?${PAGE}` },
  { id: "sso.get", method: "GET", path: (s) => `/sso/connections/${s.sso_connection}` },
  { id: "sso.create", method: "POST", path: () => "/sso/connections", body: (s) => connection("Second", s.metadata) },
  {
    id: "sso.update",
    method: "PATCH",
    path: (s) => `/sso/connections/${s.sso_connection}`,
    body: () => ({ attributes: { groups: "memberOf" } }),
  },
  { id: "users.remove", method: "DELETE", path: (s) => `/users/${s.member}?successor_id=${s.user}` },
  { id: "users.get_removal", method: "GET", path: (s) => `/users/${s.member}/removal` },
  { id: "audit.list", method: "GET", path: () => `/audit/logs?${PAGE}` },
  { id: "audit.list_of_user", method: "GET", path: (s) => `/audit/users/${s.user}?${PAGE}` },
];
