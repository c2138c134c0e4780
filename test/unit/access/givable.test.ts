import { describe, expect, it } from "vitest";
import { givable, readOnly } from "../../../shared/access/givable.ts";
import { allPermissions } from "../../../shared/access/permissions.ts";

describe("what an operator's access can give", () => {
  it("is reads, and a short list of what mends or stops; whatever is new in the catalogue is not among it", () => {
    expect(givable.filter((permission) => !readOnly.includes(permission))).toEqual([
      "work_units:update",
      "work_units:delete",
      "agents:read_prompts",
      "agents:delete",
      "pipelines:delete",
      "runs:stop",
      "runs:delete",
      "deployments:stop",
      "api_keys:delete",
      "webhooks:delete",
    ]);
    // A read that is new in the catalogue is decided on here: given, or private.
    expect(readOnly).toEqual([
      "organizations:read",
      "domains:read",
      "sso:read",
      "scim:read",
      "users:read",
      "roles:read",
      "teams:read",
      "invitations:read",
      "workspaces:read",
      "work_units:read",
      "agents:read",
      "pipelines:read",
      "runs:read",
      "models:read",
      "gateways:read",
      "deployments:read",
      "promotions:read",
      "promotion_rules:read",
      "external_agents:read",
      "approvals:read",
      "budgets:read",
      "lineage:read",
      "connectors:read",
      "scaling:read",
      "policies:read",
      "api_keys:read",
      "service_accounts:read",
      "webhooks:read",
      "audit:read",
      "metrics:read",
      "usage:read",
      "trust:read",
      "settings:read",
    ]);
  });

  it.each([
    ["money", /^(billing|budgets):(?!read$)|^billing:/],
    ["the organization's end, its owners and its settings", /^(organizations|settings):(?!read$)/],
    ["who comes in and what they may", /^(users|roles|teams|invitations|domains|sso|scim|policies):(?!read$)/],
    ["keys and providers' secrets, and where data goes", /^(models|connectors|external_agents|gateways):(?!read$)/],
    ["new keys and new webhooks", /^(api_keys|webhooks):(create|update|replay)$|^service_accounts:(?!read$)/],
    ["work in its name", /:(execute|run|deploy|invoke|approve|decide|create)$/],
    ["trust, redaction and exports", /^(trust|gdpr):(?!read$)|:export$/],
  ])("is never %s", (_, never) => {
    expect(allPermissions.some((permission) => never.test(permission))).toBe(true);
    expect(givable.filter((permission) => never.test(permission))).toEqual([]);
  });
});
