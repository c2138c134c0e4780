import type { Grant, Resource } from "./permissions.ts";
import { permissionCatalogue } from "./permissions.ts";

/** Built-in roles. Their grants live in code, so that no tenant can change another tenant's. */
export const builtInRoleNames = ["org_owner", "org_admin", "developer", "operator", "billing_admin", "viewer"] as const;
export type BuiltInRole = (typeof builtInRoleNames)[number];

interface RoleDefinition {
  readonly label: string;
  readonly description: string;
  readonly grants: readonly Grant[];
}

/** Reads that a developer, an operator and a viewer do not have. */
const PRIVILEGED_READS: ReadonlySet<Resource> = new Set(["billing", "sso", "scim", "audit"]);

const resources = Object.keys(permissionCatalogue) as Resource[];
const allOf = (excluded: (permission: string) => boolean): Grant[] =>
  resources.flatMap((resource) =>
    permissionCatalogue[resource].map((action) => `${resource}:${action}` as Grant).filter((grant) => !excluded(grant)),
  );

const commonReads: Grant[] = resources
  .filter((resource) => !PRIVILEGED_READS.has(resource))
  .filter((resource) => (permissionCatalogue[resource] as readonly string[]).includes("read"))
  .map((resource) => `${resource}:read` as Grant);

export const builtInRoles: Readonly<Record<BuiltInRole, RoleDefinition>> = {
  org_owner: { label: "Organization owner", description: "Everything, billing and deletion included.", grants: ["*"] },
  org_admin: {
    label: "Organization admin",
    description: "Everything but changing billing and deleting or transferring the organization.",
    grants: allOf((p) => ["billing:update", "organizations:delete", "organizations:transfer"].includes(p)),
  },
  developer: {
    label: "Developer",
    description: "Builds, runs and deploys agents, pipelines and work units; owns API keys.",
    grants: [
      ...commonReads,
      "agents:create",
      "agents:read_prompts",
      "agents:update",
      "agents:delete",
      "agents:execute",
      "agents:deploy",
      "pipelines:create",
      "pipelines:update",
      "pipelines:delete",
      "pipelines:execute",
      "work_units:create",
      "work_units:update",
      "work_units:delete",
      "work_units:run",
      "runs:stop",
      "runs:delete",
      "deployments:create",
      "deployments:update",
      "deployments:stop",
      "promotions:create",
      "connectors:attach",
      "connectors:execute",
      "api_keys:create",
      "api_keys:update",
      "api_keys:delete",
    ],
  },
  operator: {
    label: "Operator",
    description: "Keeps things running: deployments, gateways, promotions, scaling, stopping runs.",
    grants: [
      ...commonReads,
      "agents:deploy",
      "deployments:create",
      "deployments:update",
      "deployments:stop",
      "deployments:delete",
      "gateways:create",
      "gateways:update",
      "gateways:delete",
      "promotions:create",
      "promotions:execute",
      "promotions:cancel",
      "scaling:create",
      "scaling:update",
      "scaling:delete",
      "scaling:execute",
      "runs:stop",
    ],
  },
  billing_admin: {
    label: "Billing admin",
    description: "Billing, usage and budgets.",
    grants: ["billing:*", "usage:*", "budgets:*", "metrics:read", "organizations:read"],
  },
  viewer: {
    label: "Viewer",
    description: "Reads what a developer reads, prompts and addresses of webhooks left out.",
    grants: commonReads,
  },
};

/** `tenant_admin` is the predecessor's name of the owner role; it is accepted on input only. */
export const roleAlias = (role: string): string => (role === "tenant_admin" ? "org_owner" : role);

export const isBuiltInRole = (role: string): role is BuiltInRole =>
  (builtInRoleNames as readonly string[]).includes(role);

/** What a built-in role grants; any other text is no role of the product's, and grants nothing. */
export const builtInGrants = (role: string): readonly Grant[] => (isBuiltInRole(role) ? builtInRoles[role].grants : []);
