import { beforeAll, describe, expect, inject, it } from "vitest";
import { createAuthenticator } from "../../../shared/access/authenticate.ts";
import { createTokenVerifier } from "../../../shared/access/token.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Company } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { ownRole } from "../../support/roles.ts";
import { countedTable } from "../../support/stack.ts";

/** One function instance, with what it remembers and what it asks of the table. */
function instance() {
  const { table, counter } = countedTable();
  const { outputs, endpoint } = inject("stack");
  const tokens = createTokenVerifier({ userPoolId: outputs.UserPoolId ?? "", endpoint });
  const authenticate = createAuthenticator(table, tokens);
  return async ({ token }: { token: string }) => {
    let grants: readonly string[] = [];
    const { calls, reads } = await counter.of(async () => {
      const headers = { authorization: `Bearer ${token}` };
      const request = { method: "GET", path: "/", query: "", headers, body: undefined, ip: "192.0.2.1" };
      const { rights } = await authenticate(request, new Date());
      if (rights instanceof Problem) throw rights;
      grants = rights.caller.grants;
    });
    return { calls, reads, grants };
  };
}

let company: Company;
let plain: TestMember;
let special: TestMember;
let role: string;
beforeAll(async () => {
  company = await roomyCompany();
  plain = await addMember(company, "viewer");
  for (let i = 0; i < 5; i++) await ownRole(company, ["agents:*", "*:read"]);
  role = await ownRole(company, ["agents:read"]);
  special = await addMember(company, role);
});

describe("an organization with roles of its own", () => {
  it("pays for them once for each instance and change: else a request asks the table for what it asked before", async () => {
    const ask = instance();
    // By its second request an instance knows who comes.
    for (const member of [plain, special]) await ask(member);
    const before = await ask(plain);
    expect(before.calls).toBe(1);
    const held = await ask(special);
    expect(held).toEqual({ ...before, grants: ["agents:read"] });

    await company.call("PATCH", `/roles/${role}`, { grants: ["teams:read"] });
    const changed = await ask(special);
    expect(changed).toMatchObject({ calls: before.calls + 1, grants: ["teams:read"] });
    expect(await ask(special)).toEqual({ ...before, grants: ["teams:read"] });
    expect(await ask(plain)).toEqual(before);
  });

  it("is read by whoever has a built-in role as by everybody", async () => {
    const other = await roomyCompany();
    const member = await addMember(other, "viewer");
    const [with_roles, without] = [instance(), instance()];
    for (let i = 0; i < 2; i++) await Promise.all([with_roles(plain), without(member)]);
    expect(await with_roles(plain)).toEqual(await without(member));
  });
});
