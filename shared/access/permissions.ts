/** The permission catalogue: every resource with its actions. A permission is `resource:action`. */
export const permissionCatalogue = {
  organizations: ["read", "update", "delete", "transfer"],
  domains: ["create", "read", "update", "delete"],
  sso: ["create", "read", "update", "delete"],
  scim: ["create", "read", "update", "delete"],
  users: ["read", "update", "suspend", "delete"],
  roles: ["create", "read", "update", "delete", "assign"],
  teams: ["create", "read", "update", "delete"],
  invitations: ["create", "read", "update", "delete"],
  workspaces: ["create", "read", "update", "delete"],
  work_units: ["create", "read", "update", "delete", "run"],
  agents: ["create", "read", "read_prompts", "update", "delete", "execute", "deploy"],
  pipelines: ["create", "read", "update", "delete", "execute"],
  runs: ["read", "stop", "delete"],
  models: ["read", "update"],
  gateways: ["create", "read", "update", "delete"],
  deployments: ["create", "read", "update", "stop", "delete"],
  promotions: ["create", "read", "approve", "execute", "cancel"],
  promotion_rules: ["create", "read", "update", "delete"],
  external_agents: ["create", "read", "update", "delete", "invoke"],
  approvals: ["read", "decide"],
  budgets: ["create", "read", "update", "delete"],
  lineage: ["read", "export"],
  gdpr: ["redact"],
  connectors: ["create", "read", "update", "delete", "attach", "execute"],
  scaling: ["create", "read", "update", "delete", "execute"],
  policies: ["create", "read", "update", "delete", "assign", "evaluate"],
  api_keys: ["create", "read", "update", "delete"],
  service_accounts: ["create", "read", "update", "delete"],
  webhooks: ["create", "read", "update", "delete", "replay"],
  audit: ["read", "export", "hold", "stream"],
  metrics: ["read"],
  usage: ["read"],
  billing: ["read", "update"],
  trust: ["read", "establish", "delegate", "revoke", "manage"],
  settings: ["read", "update"],
} as const;

type Catalogue = typeof permissionCatalogue;
export type Resource = keyof Catalogue;

/** A concrete permission, for example `agents:create`. */
export type Permission = { [R in Resource]: `${R}:${Catalogue[R][number]}` }[Resource];

/** What a role may hold: a permission, all of a resource, one action everywhere, or everything. */
export type Grant = Permission | `${Resource}:*` | `*:${string}` | "*";

/** Every concrete permission, in the catalogue's order. */
export const allPermissions: readonly Permission[] = Object.entries(permissionCatalogue).flatMap(
  ([resource, actions]) => actions.map((action) => `${resource}:${action}` as Permission),
);

const resources = Object.keys(permissionCatalogue) as Resource[];
const actions = [...new Set(allPermissions.map((permission) => permission.slice(permission.indexOf(":") + 1)))];

/** Everything that a role can hold: each permission, and wildcards that cover some. */
export const allGrants: readonly Grant[] = [
  ...allPermissions,
  ...resources.map((resource) => `${resource}:*` as const),
  ...actions.map((action) => `*:${action}` as const),
  "*",
];

const known = new Set<string>(allPermissions);

export const isPermission = (value: string): value is Permission => known.has(value);
