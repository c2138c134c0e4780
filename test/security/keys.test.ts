import { beforeAll, describe, expect, it } from "vitest";
import { decide } from "../../shared/access/decide.ts";
import { apiKeyItem } from "../../shared/access/keys/items.ts";
import { keyText } from "../../shared/access/keys/text.ts";
import type { Permission } from "../../shared/access/permissions.ts";
import { builtInRoles } from "../../shared/access/roles.ts";
import type { OperationShape } from "../../shared/http/operation.ts";
import { permissionsOf } from "../../shared/http/permit.ts";
import type { ApiAnswer, Company } from "../support/api.ts";
import { apiKey, type TestKey } from "../support/keys.ts";
import { addMember, become } from "../support/members.ts";
import { roomyCompany } from "../support/plans.ts";
import { scim } from "../support/scim.ts";
import { stackTable } from "../support/stack.ts";
import { bodyOf, nowhere, World } from "./fixtures.ts";
import { guarded, operated, parametersOf, pathOf, permitted, provisioned, request, rows } from "./operations.ts";

let company: Company;
let everything: TestKey;
/** A key that counts and opens nothing that any operation asks for. */
let nothing: TestKey;
/** Texts of keys that count no more, or never did. */
let refused: Record<string, string>;
/** A key of somebody who was an owner when they made it. */
let demoted: TestKey;
/** A key of a service account that may what a viewer may. */
let ofAccount: TestKey;
let outside: TestKey;
let ofSuspended: TestKey;
let ofRemoved: TestKey;
/** Keys that may everything, of a workspace and of an environment in which nothing is. */
let ofOtherWorkspace: TestKey;
let ofOtherEnvironment: TestKey;
let world: World;
/** The workspace of the first. */
let elsewhere: string;

const own = () => stackTable().of(company.organization_id);
const past = "2026-01-01T00:00:00.000Z";

/** Changes a stored key, as time does. */
const aged = (id: string, set: object) => own().transact([own().writes.update(apiKeyItem, { id }, { set })]);

/** A key of an owner of the company who is something else from then on. */
async function keyOfFormerOwner(change: Parameters<typeof become>[2]): Promise<TestKey> {
  const owner = await addMember(company, "org_owner");
  const key = await apiKey(owner);
  await become(company, owner.user_id, change);
  return key;
}

const secretOf = (key: string): string => key.slice(-49, -6);

beforeAll(async () => {
  company = await roomyCompany();
  const other = await roomyCompany();
  everything = await apiKey(company);
  nothing = await apiKey(company, { scopes: ["trust:manage"] });
  outside = await apiKey(company, { allowed_addresses: ["203.0.113.0/24", "2001:db8::/32"] });
  demoted = await keyOfFormerOwner({ role: "viewer" });
  const account = await company.call("POST", "/service-accounts", { name: "CI", role: "viewer" });
  ofAccount = await apiKey(company, { service_account_id: account.body.id });
  ofSuspended = await keyOfFormerOwner({ status: "suspended" });
  ofRemoved = await keyOfFormerOwner({ status: "removed" });
  world = new World(company);
  // With its agent, which is activated for it and so has a version.
  await world.id("run_id");
  elsewhere = (await world.post("/workspaces", { name: "Elsewhere", environment: "production" })).id;
  ofOtherWorkspace = await apiKey(company, { workspace_ids: [elsewhere] });
  ofOtherEnvironment = await apiKey(company, { environments: ["staging"] });
  const [expired, revoked, replaced, overlapped, foreign] = (await Promise.all(
    [company, company, company, company, other].map((whose) => apiKey(whose)),
  )) as [TestKey, TestKey, TestKey, TestKey, TestKey];
  await aged(expired.id, { expires_at: past });
  await company.call("DELETE", `/api-keys/${revoked.id}`);
  await company.call("POST", `/api-keys/${replaced.id}/rotate`, {});
  await company.call("POST", `/api-keys/${overlapped.id}/rotate`, { overlap_hours: 1 });
  await aged(overlapped.id, { previous_until: past });
  const { key, id } = everything;
  const { organization_id } = company;
  refused = {
    expired: expired.key,
    revoked: revoked.key,
    "replaced by a rotation": replaced.key,
    "replaced by a rotation whose overlap is over": overlapped.key,
    "with a wrong checksum": key.slice(0, -1) + (key.endsWith("0") ? "1" : "0"),
    "with another secret": keyText({ id, organization_id }, secretOf(nothing.key)),
    "of another organization, in the name of this one": keyText(
      { id: foreign.id, organization_id },
      secretOf(foreign.key),
    ),
    "in the name of another organization": keyText({ id, organization_id: other.organization_id }, secretOf(key)),
    "of the predecessor": "sk_live_0123abcd_secret",
  };
});

const made = new Map<string, Promise<TestKey>>();
/** A key with these scopes and no other. */
function keyWith(scopes: readonly Permission[]): Promise<TestKey> {
  const known = made.get(scopes.join()) ?? apiKey(company, { scopes });
  made.set(scopes.join(), known);
  return known;
}

const sends = (operation: OperationShape) => (operation.request.body === undefined ? {} : { body: {} });
const ask = (operation: OperationShape, token: string) =>
  request(operation, nowhere(operation), { token, ...sends(operation) });

/** What is not there for a key, confined or not: it is told so before anybody asks where it is. */
const UNKNOWN: readonly string[] = [
  // No such model, and no step of an agent's run has this name.
  "models.get",
  "runs.get_step",
  "runs.get_step_output",
  // A thread is of whoever has begun it, and of nobody else.
  "agents.get_thread",
  "agents.list_thread_turns",
  "agents.delete_thread",
];
const LISTS: readonly string[] = ["agents.list", "deployments.list", "gateways.list", "pipelines.list"];
const idsOf = ({ body }: ApiAnswer): readonly string[] => body.items.map(({ id }: { readonly id: string }) => id);

describe("an API key", () => {
  it.each(rows(permitted))("does what its scopes say: %s", async (_, operation) => {
    const asked = permissionsOf(operation);
    const [permission] = asked;
    const without = await ask(operation, nothing.key);
    expect([without.status, without.body.code, without.body.permission]).toEqual([403, "forbidden", permission]);
    // Where one of several lets in, what was sent says which of them it takes.
    const answer = await ask(operation, (await keyWith(asked)).key);
    // What asks for a proof that only people can give is theirs.
    if (operation.step_up !== undefined) expect([answer.status, answer.body.code]).toEqual([403, "key_not_accepted"]);
    else expect([401, 403], answer.text).not.toContain(answer.status);
  });

  it.each(rows(permitted))("does no more than its owner may now: %s", async (_, operation) => {
    const may = permissionsOf(operation).some((one) => decide(builtInRoles.viewer.grants, one).allowed);
    for (const { key } of [demoted, ofAccount]) {
      const answer = await ask(operation, key);
      if (!may) expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
      else if (operation.step_up !== undefined) expect(answer.body.code).toBe("key_not_accepted");
      else expect([401, 403], answer.text).not.toContain(answer.status);
    }
    for (const gone of [ofSuspended, ofRemoved]) {
      const none = await ask(operation, gone.key);
      expect([none.status, none.body.code]).toEqual([403, "membership_inactive"]);
    }
  });

  it.each(rows(permitted))("is refused from elsewhere: %s", async (_, operation) => {
    const answer = await ask(operation, outside.key);
    expect([answer.status, answer.body.code]).toEqual([403, "address_not_allowed"]);
  });

  describe.each([
    ["workspace", () => ofOtherWorkspace, () => [elsewhere]],
    ["environment", () => ofOtherEnvironment, () => []],
  ] as const)("of another %s", (_what, key, workspaces) => {
    it.each(rows(permitted))("is refused: %s", async (_, operation) => {
      const names = parametersOf(operation);
      const ids = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await world.id(name)])));
      const body = bodyOf(operation);
      const answer = await request(operation, ids, { token: key().key, ...(body === undefined ? {} : { body }) });
      const expected = operation.step_up === undefined ? "key_confined" : "key_not_accepted";
      // Which models there are is nobody's, and a list has what is within reach.
      if (operation.id === "models.list") expect(answer.status).toBe(200);
      else if (UNKNOWN.includes(operation.id)) expect([answer.status, answer.body.code]).toEqual([404, "not_found"]);
      else if (operation.id === "workspaces.list") expect(idsOf(answer)).toEqual(workspaces());
      else if (LISTS.includes(operation.id)) expect(idsOf(answer)).toEqual([]);
      else expect([answer.status, answer.body.code], answer.text).toEqual([403, expected]);
    });
  });

  it.each(rows(guarded))("that does not count is refused without a reason: %s", async (_, operation) => {
    const answers = await Promise.all(
      Object.entries(refused).map(async ([why, text]) => ({ why, answer: await ask(operation, text) })),
    );
    for (const { why, answer } of answers) {
      expect([why, answer.status, answer.body.code]).toEqual([why, 401, "unauthenticated"]);
      expect(answer.body.detail).toBe(answers[0]?.answer.body.detail);
    }
  });

  it.each(rows([...guarded.filter(({ permission }) => permission === "authenticated"), ...operated]))(
    "is no person: %s",
    async (_, operation) => {
      const answer = await ask(operation, everything.key);
      expect([answer.status, answer.body.code]).toEqual([403, "key_not_accepted"]);
    },
  );

  it.each(rows(provisioned))("is no directory: %s", async (_, operation) => {
    const path = pathOf(operation, nowhere(operation)).replace("/scim/v2", "");
    const answer = await scim(operation.method, path, { token: everything.key, ...sends(operation) });
    expect([answer.status, answer.body.status]).toEqual([403, "403"]);
  });

  it("acts in its own organization, whatever header says another one", async () => {
    const other = await roomyCompany();
    const { body } = await everything.call("GET", "/api-keys?limit=1", undefined, {
      "organization-id": other.organization_id,
    });
    expect(body.items[0].organization_id).toBe(company.organization_id);
  });
});
