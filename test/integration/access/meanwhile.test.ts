import { beforeAll, describe, expect, it } from "vitest";
import * as accessHandlers from "../../../functions/access/handlers.ts";
import { operations as accessOperations } from "../../../functions/access/operations.ts";
import * as authHandlers from "../../../functions/auth/handlers.ts";
import { operations as authOperations } from "../../../functions/auth/operations.ts";
import * as invitationHandlers from "../../../functions/invitations/handlers.ts";
import { operations as invitationOperations } from "../../../functions/invitations/operations.ts";
import { pendingInvitationItem } from "../../../functions/invitations/store.ts";
import { identityItem } from "../../../functions/sso/store.ts";
import * as userHandlers from "../../../functions/users/handlers.ts";
import { operations as userOperations } from "../../../functions/users/operations.ts";
import { ownRoleItem } from "../../../shared/access/own-roles.ts";
import type { Grant } from "../../../shared/access/permissions.ts";
import { builtInGrants } from "../../../shared/access/roles.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { type Company, unique } from "../../support/api.ts";
import { authDeps } from "../../support/auth.ts";
import { createConnection, createIdentity } from "../../support/connections.ts";
import { interrupted } from "../../support/interrupted.ts";
import { apiKey } from "../../support/keys.ts";
import { addMember } from "../../support/members.ts";
import { enrol } from "../../support/mfa.ts";
import { type Asked, askWhile } from "../../support/permitted.ts";
import { roomyCompany } from "../../support/plans.ts";
import { ownRole } from "../../support/roles.ts";
import { ssoService } from "../../support/sso.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

// What becomes of somebody's rights between the moment in which a request is permitted and its writes.

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
});

const own = () => stackTable().of(company.organization_id);
const roleOf = async (user_id: string) => (await own().get(membershipItem, { user_id }))?.role;
const statusOf = async (id: string) => (await own().get(ownRoleItem, { id }))?.status;
const done = async (method: string, path: string, body?: unknown) => {
  const { status, text } = await company.call(method, path, body);
  expect(status, text).toBeLessThan(300);
};
const becomes = (user_id: string, role: string) => () => done("PATCH", `/users/${user_id}`, { role });
const shrinks = (role: string, grants: readonly Grant[]) => () => done("PATCH", `/roles/${role}`, { grants });
const address = () => `${unique("guest")}@example.com`;
const isInvited = async (email: string) => (await own().get(pendingInvitationItem, { email })) !== undefined;

const users = (asked: Asked, meanwhile: () => Promise<unknown>) =>
  askWhile({ operations: userOperations, handlers: userHandlers, deps: stackPlatform() }, asked, meanwhile);
const access = (asked: Asked, meanwhile: () => Promise<unknown>) =>
  askWhile({ operations: accessOperations, handlers: accessHandlers, deps: stackPlatform() }, asked, meanwhile);
const invitations = (asked: Asked, meanwhile: () => Promise<unknown>, table = stackTable()) => {
  const deps = { ...stackPlatform(), table, randomSecret: () => unique("secret") };
  return askWhile({ operations: invitationOperations, handlers: invitationHandlers, deps }, asked, meanwhile);
};

describe("whoever gives a role to themselves", () => {
  const itself = ({ user_id, token }: { user_id: string; token: string }, role: string) => ({
    method: "PATCH",
    path: `/users/${user_id}`,
    body: { role },
    token,
  });

  it("and has another one meanwhile does not put themselves back", async () => {
    for (const [back, now] of [
      ["org_admin", "viewer"],
      ["developer", "org_admin"],
    ] as const) {
      const member = await addMember(company, back === "org_admin" ? "org_admin" : "org_owner");
      const refused = await users(itself(member, back), becomes(member.user_id, now));
      expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
      expect(await roleOf(member.user_id)).toBe(now);
    }
  });

  it("and is suspended meanwhile stays what they were", async () => {
    const member = await addMember(company, "org_admin");
    const suspend = () => done("POST", `/users/${member.user_id}/suspend`);
    const refused = await users(itself(member, "viewer"), suspend);
    expect([refused.status, refused.body.code]).toEqual([403, "membership_inactive"]);
    expect(await roleOf(member.user_id)).toBe("org_admin");
  });

  it("and whose role grants less meanwhile gets none by what it granted", async () => {
    const role = await ownRole(company, ["roles:*", "users:read", "agents:*"]);
    const wide = await ownRole(company, ["agents:*"]);
    const member = await addMember(company, role);
    const refused = await users(itself(member, wide), shrinks(role, ["roles:*", "users:read"]));
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
    expect(await roleOf(member.user_id)).toBe(role);
  });

  it("and whose rights stay gets it", async () => {
    const member = await addMember(company, "org_admin");
    expect((await users(itself(member, "viewer"), async () => undefined)).status).toBe(200);
    expect(await roleOf(member.user_id)).toBe("viewer");
  });
});

describe("whoever changes or deletes the role that they have", () => {
  const holder = async (grants: readonly Grant[]) => {
    const role = await ownRole(company, grants);
    return { role, ...(await addMember(company, role)) };
  };

  it("names in its place none that grants what it grants no more", async () => {
    const { role, token } = await holder(["roles:*", "users:read", "agents:*"]);
    const wide = await ownRole(company, ["agents:*"]);
    const asked = { method: "DELETE", path: `/roles/${role}?replacement=${wide}`, token };
    const refused = await access(asked, shrinks(role, ["roles:*", "users:read"]));
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
    expect(await statusOf(role)).toBe("active");
  });

  it("does neither by a permission that it grants no more", async () => {
    for (const asked of [
      { method: "DELETE", query: "?replacement=viewer", permission: "roles:delete" },
      { method: "PATCH", query: "", body: { description: "Mine." }, permission: "roles:update" },
    ]) {
      const { role, token } = await holder(["roles:*", "*:read"]);
      const path = `/roles/${role}${asked.query}`;
      const refused = await access({ ...asked, path, token }, shrinks(role, ["*:read"]));
      expect([refused.status, refused.body.permission]).toEqual([403, asked.permission]);
      expect(await own().get(ownRoleItem, { id: role })).toMatchObject({ status: "active", description: "" });
    }
  });
});

describe("whoever invites", () => {
  const inviting = (role: string, token: string, ...emails: string[]): Asked => ({
    method: "POST",
    path: "/invitations/bulk",
    body: { invitations: emails.map((email) => ({ email, role })) },
    token,
  });
  const codes = ({ body }: { body: { results: { error: { code: string } | null }[] } }) =>
    body.results.map(({ error }) => error?.code ?? null);

  it("to the very role that they have is let, one by one and many at once", async () => {
    const role = await ownRole(company, ["invitations:*", "agents:read"]);
    const { token, call } = await addMember(company, role);
    const one = await call("POST", "/invitations", { email: address(), role });
    expect([one.status, one.body.role], one.text).toEqual([201, role]);
    const many = await call("POST", "/invitations/bulk", inviting(role, token, address(), address()).body);
    expect([many.status, codes(many)], many.text).toEqual([200, [null, null]]);
  });

  it("to it, and may not any more by the moment in which it is given, invites nobody", async () => {
    const role = await ownRole(company, ["invitations:*", "agents:read"]);
    const { token } = await addMember(company, role);
    const email = address();
    const refused = await invitations(inviting(role, token, email), shrinks(role, ["agents:read"]));
    expect(codes(refused)).toEqual(["forbidden"]);
    expect(await isInvited(email)).toBe(false);
  });

  it("many by a key that is revoked between two lines invites nobody from then on", async () => {
    const { id, key } = await apiKey(company);
    const [first, second] = [address(), address()];
    const { name, client } = stackTable();
    // Revoked when the second line has read all it reads.
    let commits = 0;
    const send = async (command: object): Promise<unknown> => {
      if (command.constructor.name === "TransactWriteCommand" && ++commits === 2)
        await done("DELETE", `/api-keys/${id}`);
      return client.send(command as never);
    };
    const table = new Table(name, { send } as never);
    const answer = await invitations(inviting("viewer", key, first, second), async () => undefined, table);
    expect(codes(answer)).toEqual([null, "unauthenticated"]);
    expect([await isInvited(first), await isInvited(second)]).toEqual([true, false]);
  });
});

describe("whoever ends by a role that lets them no more what another one has", () => {
  const viewer = builtInGrants("viewer");
  const manager = async () => {
    const role = await ownRole(company, [...viewer, "users:suspend", "users:update", "sso:update"]);
    return { role, ...(await addMember(company, role)) };
  };

  it("ends neither their sessions nor their second factor", async () => {
    const { role, token } = await manager();
    const member = await addMember(company, "viewer");
    await enrol(member);
    for (const [path, grants] of [
      [`/auth/users/${member.user_id}/sign-out`, [...viewer, "users:update"]],
      [`/auth/users/${member.user_id}/mfa/reset`, viewer],
    ] as const) {
      const served = { operations: authOperations, handlers: authHandlers, deps: authDeps() };
      const refused = await askWhile(served, { method: "POST", path, token }, shrinks(role, grants));
      expect([refused.status, refused.body.code], path).toEqual([403, "forbidden"]);
    }
    expect((await member.call("GET", "/auth/me/mfa")).body.enabled).toBe(true);
  });

  it("leaves them the sign-in by a provider", async () => {
    const { role, token } = await manager();
    const { user_id } = await addMember(company, "viewer");
    const connection = await createConnection(company);
    const { id } = await createIdentity(connection.id, { organization_id: company.organization_id, user_id });
    const sso = ssoService({ table: interrupted(shrinks(role, viewer)) });
    const path = `/sso/connections/${connection.id}/identities/${id}`;
    const refused = await sso.call("DELETE", path, undefined, token);
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
    expect(await own().get(identityItem, { connection_id: connection.id, id })).toBeDefined();
  });
});
