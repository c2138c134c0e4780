import { beforeAll, describe, expect, it } from "vitest";
import { grantsWithout } from "../../functions/access/rules/grants.ts";
import type { Grant } from "../../shared/access/permissions.ts";
import { builtInGrants } from "../../shared/access/roles.ts";
import type { OperationShape } from "../../shared/http/operation.ts";
import { permissionsOf } from "../../shared/http/permit.ts";
import { unique } from "../support/api.ts";
import { apiKey } from "../support/keys.ts";
import { addMember } from "../support/members.ts";
import { roomyCompany } from "../support/plans.ts";
import { ownRole } from "../support/roles.ts";
import { World } from "./fixtures.ts";
import { permitted, request, rows } from "./operations.ts";
import { sceneOf } from "./scenes.ts";

// The other matrices ask for what is nowhere, or with bodies that say nothing. These requests are made: what proves the
// caller's rights stands in one transaction with the change.

/** These, with what one holds beside the operation's permission who gives a role on, or touches whoever has it. */
const changes: Readonly<Record<string, readonly Grant[]>> = {
  "agents.create": [],
  "agents.activate": [],
  "agents.create_tool": [],
  "domains.claim": [],
  "gateways.create": [],
  "invitations.create": builtInGrants("developer"),
  "invitations.revoke": [],
  "pipelines.create": [],
  "roles.create": ["agents:read"],
  "service_accounts.create": builtInGrants("developer"),
  "teams.create": [],
  "users.suspend": builtInGrants("viewer"),
  "webhooks.create": [],
};

let world: World;
beforeAll(async () => {
  world = new World(await roomyCompany());
});

const made = permitted.filter(({ id }) => Object.hasOwn(changes, id));

describe("a change is made by whoever may make it, and nothing else", () => {
  it("of each of these", () => {
    expect(made.map(({ id }) => id).toSorted()).toEqual(Object.keys(changes).toSorted());
  });

  const does = async (operation: OperationShape, token: string) => {
    const { ids, body } = await sceneOf(world, operation);
    if (typeof body !== "object" || body === null) return request(operation, ids, { token });
    const another = {
      ...("email" in body ? { email: `${unique("g")}@example.com` } : {}),
      ...("name" in body && operation.id.endsWith(".create") ? { name: unique("Name") } : {}),
    };
    return request(operation, ids, { token, body: { ...body, ...another } });
  };

  it.each(rows(made))("%s, with a role of the organization's own and with a key", async (_, operation) => {
    const { company } = world;
    const asked = permissionsOf(operation);
    const [permission] = asked;
    if (permission === undefined) throw new Error("it asks for nothing");
    const grants = [permission, ...(changes[operation.id] ?? [])];
    const holder = await addMember(company, await ownRole(company, [...grants, "api_keys:create"]));
    const keys = operation.step_up === undefined ? [company, holder] : [];
    const texts = await Promise.all(keys.map(async (whose) => (await apiKey(whose, { scopes: grants })).key));
    for (const token of [holder.token, ...texts]) {
      const answer = await does(operation, token);
      expect(answer.status, answer.text).toBe(operation.success);
    }
    const other = await addMember(company, await ownRole(company, grantsWithout(["*"], asked)));
    const refused = await does(operation, other.token);
    expect([refused.status, refused.body.permission]).toEqual([403, permission]);
  });
});
