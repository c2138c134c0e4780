import { nameOf, PAGE, type Scenario } from "./scene.ts";

/** What operators of the platform decide about a claim that waits. */
export const domainRows: readonly Scenario[] = [
  {
    id: "operators.verify_domain",
    method: "POST",
    path: (s) => `/platform/domains/${s.vouched_domain}/verify`,
    body: (s) => ({ organization_id: s.organization, reason: "Their registrar has said so." }),
  },
  { id: "operators.get_domain", method: "GET", path: (s) => `/platform/domains/${s.vouched_domain}` },
  { id: "operators.list_domain_claims", method: "GET", path: (s) => `/platform/domains/${s.vouched_domain}/claims` },
  {
    id: "operators.release_domain",
    method: "POST",
    path: (s) => `/platform/domains/${s.vouched_domain}/release`,
    body: (s) => ({ organization_id: s.organization, reason: "It is sold." }),
  },
];

/** What they do about an organization. */
export const operatorRows: readonly Scenario[] = [
  {
    id: "operators.list_organizations",
    method: "GET",
    path: (s) => `/platform/organizations?search=${encodeURIComponent(nameOf(s))}&limit=5`,
  },
  { id: "operators.get_organization", method: "GET", path: (s) => `/platform/organizations/${s.organization}` },
  { id: "operators.list_accesses", method: "GET", path: () => `/platform/accesses?${PAGE}` },
  { id: "operators.get_access", method: "GET", path: (s) => `/platform/accesses/${s.access}` },
  { id: "operators.list_accesses_here", method: "GET", path: () => `/operator-accesses?${PAGE}` },
  { id: "operators.get_access_here", method: "GET", path: (s) => `/operator-accesses/${s.access}` },
  { id: "operators.approve_access", method: "POST", path: (s) => `/platform/accesses/${s.access}/approve` },
  { id: "operators.revoke_access", method: "POST", path: (s) => `/platform/accesses/${s.access}/revoke` },
  {
    id: "operators.ask_access",
    method: "POST",
    path: (s) => `/platform/organizations/${s.organization}/accesses`,
    body: () => ({ reason: "It hangs again.", minutes: 5 }),
  },
  {
    id: "operators.suspend_organization",
    method: "POST",
    path: (s) => `/platform/organizations/${s.organization}/suspend`,
    body: () => ({ reason: "Unpaid since March." }),
  },
  {
    id: "operators.change_limits",
    method: "PATCH",
    path: (s) => `/platform/organizations/${s.organization}/limits`,
    body: () => ({ api_calls_per_month: 1_000_000_000 }),
  },
  {
    id: "operators.restore_organization",
    method: "POST",
    path: (s) => `/platform/organizations/${s.organization}/restore`,
  },
];

/** Last of all: on another plan less can be made. */
export const planRow: Scenario = {
  id: "operators.set_plan",
  method: "PUT",
  path: (s) => `/platform/organizations/${s.organization}/plan`,
  body: () => ({ plan: "pro" }),
};
