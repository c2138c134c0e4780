import { newCertificate, samlMetadata } from "../../test/support/saml-metadata.ts";
import { askOwner } from "./approvals.ts";
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
  readonly thread: string;
  readonly pipeline: string;
  readonly webhook: string;
  readonly workspace: string;
  readonly team: string;
  /** A role of the organization's own. */
  readonly role: string;
  readonly run: string;
  readonly invitation: string;
  readonly domain: string;
  /** Another one, by its name: of which operators decide. */
  readonly vouched_domain: string;
  /** Where people have their addresses whom the directory brings. */
  readonly mail_domain: string;
  readonly sso_connection: string;
  /** People at that provider: the owner, and a member. */
  readonly own_identity: string;
  readonly identity: string;
  readonly trial: string;
  /** An access of an operator's that waits. */
  readonly access: string;
  /** Of a SAML provider. */
  readonly metadata: string;
  readonly scim_user: string;
  readonly scim_group: string;
  /** Two that wait for the owner, and what the link to a third one brings. */
  readonly approvals: readonly [string, string];
  readonly approval_link: string;
}

/** What a request is that something else has to come before. */
export interface Prepared {
  readonly path?: string;
  readonly body?: unknown;
  readonly cookie?: string;
}

/** One operation to measure. Adding one means one line. */
export interface Scenario {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: (scene: Scene) => string;
  readonly body?: (scene: Scene) => unknown;
  /** What has to be so first, and is not counted. */
  readonly before?: (tenant: Tenant) => Promise<unknown>;
  /** The same, where the request follows from it: what it says takes the place of path and body. */
  readonly prepare?: (tenant: Tenant, scene: Scene) => Promise<Prepared>;
}

/** Where an app lives that may be come back to. */
export const APP_ORIGIN = "https://app.example.com";

/** Pages are smaller than the smaller organization's lists, so that both answer with full ones. */
export const PAGE = "limit=5";

export const agent = (name: string) => ({
  name,
  agent_type: "task",
  model_id: "amazon-bedrock/claude-sonnet-4-5",
  system_prompt: "You help.",
});
export const webhook = (name: string) => ({ name, url: "https://example.com/hooks", events: ["webhook.updated"] });
export const pipeline = (name: string) => ({ name, pattern: "sequential" });
export const node = (id: string, kind: string, config: object = {}) => ({ id, kind, label: id, config });

/** Whoever has an address of the company comes in by it. */
export const connection = (name: string, metadata: string) => ({
  name,
  provider: { kind: "saml", metadata },
  provisioning: true,
});

/** Somebody as a directory describes them. */
export const person = (userName: string) => ({ userName, externalId: userName, displayName: "Ada", active: true });
/** What an organization is called from its renaming on. */
export const nameOf = ({ organization }: Pick<Scene, "organization">): string => `Acme ${organization.slice(-6)}`;

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
  const role = await made("/roles", { name: "Prompt engineer", grants: ["agents:*"] }, 1);
  const one = await made("/agents", agent("Sorter"));
  const other = await made("/agents", agent("Writer"), 1);
  for (const id of [one, other]) await tenant.call("POST", `/agents/${id}/activate`, {});
  const thread = await made(`/agents/${one}/threads`, { title: "Plans" });
  const drawn = await made("/pipelines", pipeline("Letters"));
  await tenant.call("PUT", `/pipelines/${drawn}/graph`, graphOf([one, other]));
  const run = await made(`/pipelines/${drawn}/runs`, { mode: "test", input: { n: 1 } }, count, [drawn, one, other]);
  const hook = await made("/webhooks", webhook("CI"));
  const invitation = await made("/invitations", { email: "guest@example.com", role: "viewer" });
  const domain = await made("/domains", { domain: "acme.example.org" }, 1);
  const vouched_domain = `${tenant.owner.organization_id.slice(-6).toLowerCase()}.example.org`;
  await made("/domains", { domain: vouched_domain }, 1);
  const member = await tenant.join(count);
  const { domain: mail_domain, token_id } = await tenant.connectDirectory();
  const metadata = samlMetadata([(await newCertificate()).text]);
  const sso_connection = await made("/sso/connections", connection("Directory", metadata), 1);
  const { own_identity, identity } = await tenant.signIn(sso_connection, member, count);
  const trial = await made(`/sso/connections/${sso_connection}/trials`, {}, 1);
  const wanted = { reason: "Their pipeline hangs.", minutes: 5 };
  const access = await made(`/platform/organizations/${tenant.owner.organization_id}/accesses`, wanted);
  const asked = await askOwner(tenant, count);
  const scim_user = await made("/scim/v2/Users", person(`first@${mail_domain}`), count, [token_id]);
  const scim_group = await made("/scim/v2/Groups", { displayName: "Research" }, count, [token_id]);
  for (const path of [
    "/approvals",
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
    thread,
    pipeline: drawn,
    webhook: hook,
    workspace,
    team,
    role,
    run,
    invitation,
    ...asked,
    domain,
    vouched_domain,
    mail_domain,
    sso_connection,
    own_identity,
    identity,
    trial,
    access,
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
