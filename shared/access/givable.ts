import { allPermissions, type Permission } from "./permissions.ts";

/**
 * What an operator's access to an organization can give: looking, and stopping or putting away what does harm. A permission
 * to change something that is added to the catalogue is none of it before it stands here; one to read is, unless it is named
 * as private, and a test asks for the decision.
 *
 * Never given, whoever asks and approves: what outlives the access (rights, members, invitations, keys, settings, policies,
 * sign-in, domains, trust), what starts work in the organization's name, what leads its data or its secrets elsewhere
 * (providers' keys, connectors, new webhooks, exports, agents' tools and pipelines' steps), its money, and its end or its
 * owners.
 */

/** Reads that are nobody's but the organization's. */
const PRIVATE: ReadonlySet<Permission> = new Set(["billing:read"]);

const CHANGES: readonly Permission[] = [
  "agents:read_prompts",
  "agents:delete",
  "pipelines:delete",
  "work_units:update",
  "work_units:delete",
  "runs:stop",
  "runs:delete",
  "deployments:stop",
  "api_keys:delete",
  "webhooks:delete",
];

/** What an access gives where nothing else is asked for. */
export const readOnly: readonly Permission[] = allPermissions.filter(
  (permission) => permission.endsWith(":read") && !PRIVATE.has(permission),
);

/** Everything that an access can give, in the catalogue's order. */
export const givable: readonly Permission[] = allPermissions.filter(
  (permission) => readOnly.includes(permission) || CHANGES.includes(permission),
);
