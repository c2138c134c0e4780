import { describe, expect, it } from "vitest";
import { authenticateDirectory, scimTokenItem } from "../../../shared/access/directory.ts";
import { Problem } from "../../../shared/errors.ts";
import type { RawRequest } from "../../../shared/http/parse.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { directoryOf } from "../../support/scim.ts";
import { countedTable, stackTable } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";

const requestWith = (token: string): RawRequest => ({
  method: "GET",
  path: "/scim/v2/Users",
  query: "",
  headers: { authorization: `Bearer ${token}` },
  body: undefined,
  ip: "127.0.0.1",
});

/** Whose request it is: its rights, or the code of what refuses it. */
async function ask(token: string, at = new Date(), table = stackTable(at)) {
  try {
    const { rights } = await authenticateDirectory(table, requestWith(token), at);
    return rights instanceof Problem ? rights.code : rights.caller.organization.id;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

const minutesOn = (minutes: number) => new Date(Date.now() + minutes * 60_000);
const tokensOf = async (company: Company) => (await company.call("GET", "/scim/tokens")).body.items;

describe("a directory's token", () => {
  it("is there twice at most, whoever asks at the same time, and again once one is revoked", async () => {
    const company = await registerCompany();
    const create = () => company.call("POST", "/scim/tokens", { name: unique("Directory") });
    const made = await Promise.all(Array.from({ length: 8 }, create));
    const statuses = made.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 201, 409, 409, 409, 409, 409, 409]);
    const [first] = await tokensOf(company);
    expect((await company.call("DELETE", `/scim/tokens/${first.id}`)).status).toBe(204);
    const again = await Promise.all(Array.from({ length: 4 }, create));
    expect(again.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(await tokensOf(company)).toHaveLength(2);
  });

  it("is shown once, and nothing of it stands in the table but a hash", async () => {
    const company = await registerCompany();
    const { token, token_id } = await directoryOf(company);
    expect(token).toMatch(/^kss_[0-9A-Z]{26}_1_[\w-]{43}$/);
    const [listed] = await tokensOf(company);
    expect(listed.id).toBe(token_id);
    expect(JSON.stringify(listed)).not.toContain(token.slice(-43));
    const { items } = await stackTable().of(company.organization_id).page(scimTokenItem, { of: {}, limit: 2 });
    expect(JSON.stringify(items)).not.toContain(token.slice(-43));
  });

  it("says whose it is in one strong read", async () => {
    const company = await registerCompany();
    const { token } = await directoryOf(company);
    expect(await ask(token)).toBe(company.organization_id);
    const { table, counter } = countedTable();
    const units = await counter.of(() => ask(token, new Date(), table));
    expect(units).toEqual({ calls: 1, reads: 2, writes: 0 });
  });

  it("is refused from the next request on: revoked, over, of a suspended, a deleted, a closed organization", async () => {
    const company = await registerCompany();
    const { token, token_id } = await directoryOf(company);
    await company.call("DELETE", `/scim/tokens/${token_id}`);
    expect(await ask(token)).toBe("unauthenticated");
    // Its slot has another one by now.
    await directoryOf(company);
    expect(await ask(token)).toBe("unauthenticated");

    const expires_at = minutesOn(5).toISOString();
    const ending = (await company.call("POST", "/scim/tokens", { name: "Ending", expires_at })).body.token;
    expect(await ask(ending)).toBe(company.organization_id);
    expect(await ask(ending, minutesOn(6))).toBe("unauthenticated");

    const suspended = await registerCompany();
    const of = await directoryOf(suspended);
    await stand(suspended.organization_id, "suspend");
    expect(await ask(of.token)).toBe("organization_suspended");

    const deleted = await registerCompany();
    const gone = await directoryOf(deleted);
    await stand(deleted.organization_id, "delete");
    expect(await ask(gone.token)).toBe("unauthenticated");

    const closed = await registerCompany();
    const outside = await directoryOf(closed);
    const settings = { ...UNSET, version: 1, security: { allowed_addresses: ["203.0.113.0/24"] } };
    const tenant = stackTable().of(closed.organization_id);
    await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { settings } })]);
    expect(await ask(outside.token)).toBe("address_not_allowed");
  });

  it("says when it was last used, to five minutes, and is not written on every request", async () => {
    const company = await registerCompany();
    const { token } = await directoryOf(company);
    const lastUsed = async () => (await tokensOf(company))[0].last_used_at;
    expect(await lastUsed()).toBeNull();
    await ask(token);
    const first = await lastUsed();
    expect(Math.abs(Date.parse(first) - Date.now())).toBeLessThan(60_000);
    await ask(token, minutesOn(4));
    expect(await lastUsed()).toBe(first);
    const later = minutesOn(6);
    await ask(token, later);
    expect(await lastUsed()).toBe(later.toISOString());
  });

  it("cannot be made to end before it begins", async () => {
    const company = await registerCompany();
    const body = { name: "Late", expires_at: minutesOn(-1).toISOString() };
    const refused = await company.call("POST", "/scim/tokens", body);
    expect([refused.status, refused.body.issues?.[0].path]).toEqual([422, "expires_at"]);
  });
});
