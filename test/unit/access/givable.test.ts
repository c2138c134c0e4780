import { describe, expect, it } from "vitest";
import { givable, readOnly } from "../../../shared/access/givable.ts";
import { allPermissions } from "../../../shared/access/permissions.ts";

describe("what an operator's access can give", () => {
  it("is reads, and a short list of what mends or stops; whatever is new in the catalogue is not among it", () => {
    expect(givable.filter((permission) => !readOnly.includes(permission))).toEqual([
      "work_units:update",
      "work_units:delete",
      "agents:read_prompts",
      "agents:update",
      "agents:delete",
      "pipelines:update",
      "pipelines:delete",
      "runs:stop",
      "runs:delete",
      "deployments:stop",
      "api_keys:delete",
      "webhooks:delete",
    ]);
    expect(readOnly.every((permission) => permission.endsWith(":read"))).toBe(true);
  });

  it.each([
    ["money", /^(billing|budgets):(?!read$)|^billing:/],
    ["the organization's end, its owners and its settings", /^(organizations|settings):(?!read$)/],
    ["who comes in and what they may", /^(users|roles|teams|invitations|domains|sso|scim|policies):(?!read$)/],
    ["keys and providers' secrets, and where data goes", /^(models|connectors|external_agents|gateways):(?!read$)/],
    ["new keys and new webhooks", /^(api_keys|webhooks):(create|update|replay)$/],
    ["work in its name", /:(execute|run|deploy|invoke|approve|decide|create)$/],
    ["trust, redaction and exports", /^(trust|gdpr):(?!read$)|:export$/],
  ])("is never %s", (_, never) => {
    expect(allPermissions.some((permission) => never.test(permission))).toBe(true);
    expect(givable.filter((permission) => never.test(permission))).toEqual([]);
  });
});
