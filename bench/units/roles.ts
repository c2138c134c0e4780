import { PAGE, type Scenario } from "./scene.ts";

/** Roles of the organization's own, and who may do what by them. */
export const roleRows: readonly Scenario[] = [
  { id: "roles.list", method: "GET", path: () => "/roles" },
  { id: "roles.get", method: "GET", path: (s) => `/roles/${s.role}` },
  {
    id: "roles.create",
    method: "POST",
    path: () => "/roles",
    body: () => ({ name: "Auditor", grants: ["audit:*", "*:read"] }),
  },
  {
    id: "roles.clone",
    method: "POST",
    path: () => "/roles/developer/clone",
    body: () => ({ name: "Careful developer", without: ["agents:delete"] }),
  },
  {
    id: "roles.update",
    method: "PATCH",
    path: (s) => `/roles/${s.role}`,
    body: () => ({ grants: ["agents:*", "pipelines:read"] }),
  },
  {
    id: "users.assign_own_role",
    method: "PATCH",
    path: (s) => `/users/${s.member}`,
    body: (s) => ({ role: s.role }),
  },
  { id: "users.get_permissions", method: "GET", path: (s) => `/users/${s.member}/permissions` },
  {
    id: "permissions.list_holders",
    method: "GET",
    path: () => `/permissions/agents:execute/holders?${PAGE}`,
  },
  { id: "roles.delete", method: "DELETE", path: (s) => `/roles/${s.role}?replacement=viewer` },
];
