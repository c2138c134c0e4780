import { describe, expect, it } from "vitest";
import { operations } from "../../../functions/agents/operations.ts";
import { createKeyAuthenticator } from "../../../shared/access/keys/authenticate.ts";
import { apiKeyItem, pepperItem } from "../../../shared/access/keys/items.ts";
import { Pepper } from "../../../shared/access/keys/pepper.ts";
import { PROOF_LENGTH } from "../../../shared/access/keys/text.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { RawRequest } from "../../../shared/http/parse.ts";
import { createRates } from "../../../shared/http/rates.ts";
import { organizationItem, PLATFORM } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { silentMeter } from "../../../shared/observability/metrics.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { apiKey } from "../../support/keys.ts";
import { addMember, become } from "../../support/members.ts";
import { countedTable, stackPlatform, stackTable } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";

const plain: RawRequest = { method: "GET", path: "/", query: "", headers: {}, body: undefined, ip: "192.0.2.7" };

/** A process that takes keys: what it remembers, it remembers between the requests of a test. */
function process(table: Table = stackTable()) {
  const authenticate = createKeyAuthenticator(table, new Pepper(table, stackPlatform().secrets));
  /** What a request may do, or the code of what refuses it. */
  return async (text: string, at = new Date(), ip = plain.ip): Promise<string> => {
    try {
      const { rights } = await authenticate(text, { ...plain, ip }, at, undefined);
      return rights instanceof Problem ? rights.code : rights.caller.grants.join();
    } catch (error) {
      if (error instanceof Problem) return error.code;
      throw error;
    }
  };
}

const minutesOn = (minutes: number) => new Date(Date.now() + minutes * 60_000);
const stored = ({ organization_id }: Company, id: string) => stackTable().of(organization_id).get(apiKeyItem, { id });
const read = { scopes: ["agents:read"] };

describe("an API key", () => {
  it("is shown once, and nothing of it stands in the table but a hash", async () => {
    const company = await registerCompany();
    const { id, key } = await apiKey(company, read);
    const secret = key.slice(-49, -6);
    const [listed] = (await company.call("GET", "/api-keys")).body.items;
    expect(listed).toMatchObject({ id, scopes: ["agents:read"], owner: { type: "user", id: company.user_id } });
    expect(JSON.stringify(listed)).not.toMatch(/hash|pepper/);
    const item = JSON.stringify(await stored(company, id));
    expect(item).not.toContain(secret);
    // Its hash is nobody's who has the text and not the pepper.
    const pepper = await stackTable().of(PLATFORM).get(pepperItem, {});
    expect(pepper?.sealed).toMatch(/^v1\./);
    expect(Object.keys(pepper ?? {}).sort()).toEqual(["created_at", "sealed"]);
  });

  it("is authenticated in two round trips by a process that has never seen it, and in one from then on", async () => {
    const company = await registerCompany();
    const { key } = await apiKey(company, read);
    const { table, counter } = countedTable();
    const ask = process(table);
    await process()(key);
    // Key, organization, pepper; then the member.
    expect(await counter.of(() => ask(key))).toEqual({ calls: 2, reads: 4, writes: 0 });
    expect(await counter.of(() => ask(key))).toEqual({ calls: 1, reads: 3, writes: 0 });
  });

  it("costs no read where its checksum is wrong", async () => {
    const company = await registerCompany();
    const { key } = await apiKey(company, read);
    const { table, counter } = countedTable();
    const ask = process(table);
    const units = await counter.of(() => ask(key.replace(/.$/, (last) => (last === "0" ? "1" : "0"))));
    expect(units).toEqual({ calls: 0, reads: 0, writes: 0 });
  });

  it("is refused from the next request on, whatever the process remembers", async () => {
    const company = await registerCompany();
    const member = await addMember(company, "developer");
    const ask = process();
    const is = (change: Parameters<typeof become>[2]) => become(company, member.user_id, change);

    const { id, key } = await apiKey(member, { scopes: ["agents:read", "agents:create"] });
    expect(await ask(key)).toBe("agents:create,agents:read");
    await is({ role: "viewer" });
    expect(await ask(key)).toBe("agents:read");
    await is({ role: "billing_admin" });
    expect(await ask(key)).toBe("");
    await is({ status: "suspended" });
    expect(await ask(key)).toBe("membership_inactive");
    await is({ status: "active", role: "developer" });
    expect(await ask(key)).toBe("agents:create,agents:read");

    const changed = await member.call("PATCH", `/api-keys/${id}`, { scopes: ["agents:read"] });
    expect(changed.status).toBe(200);
    expect(await ask(key)).toBe("agents:read");
    await stand(company.organization_id, "suspend");
    expect(await ask(key)).toBe("organization_suspended");
    await stand(company.organization_id, "restore");
    expect((await member.call("DELETE", `/api-keys/${id}`)).status).toBe(204);
    expect(await ask(key)).toBe("unauthenticated");
    await stand(company.organization_id, "delete");
    expect(await ask(key)).toBe("unauthenticated");
  });

  it("counts in the networks that it and its organization allow", async () => {
    const company = await registerCompany();
    const { key } = await apiKey(company, { ...read, allowed_addresses: ["192.0.2.0/24", "2001:db8::/32"] });
    const ask = process();
    for (const [ip, answer] of [
      ["192.0.2.200", "agents:read"],
      ["::ffff:192.0.2.200", "agents:read"],
      ["2001:db8::1", "agents:read"],
      ["192.0.3.1", "address_not_allowed"],
      ["2001:db9::1", "address_not_allowed"],
    ] as const)
      expect([ip, await ask(key, new Date(), ip)]).toEqual([ip, answer]);
    const settings = { ...UNSET, version: 1, security: { allowed_addresses: ["192.0.2.8/32"] } };
    const tenant = stackTable().of(company.organization_id);
    await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { settings } })]);
    expect(await ask(key, new Date(), "192.0.2.7")).toBe("address_not_allowed");
    expect(await ask(key, new Date(), "192.0.2.8")).toBe("agents:read");
  });

  it("ends at its time", async () => {
    const company = await registerCompany();
    const { key } = await apiKey(company, { ...read, expires_at: minutesOn(5).toISOString() });
    const ask = process();
    expect(await ask(key, minutesOn(4))).toBe("agents:read");
    expect(await ask(key, minutesOn(6))).toBe("unauthenticated");
  });

  it("says when it was last used and where from, to five minutes, and is not written on every request", async () => {
    const company = await registerCompany();
    const { id, key } = await apiKey(company, read);
    const lastUse = async () => (await company.call("GET", `/api-keys/${id}`)).body.last_used;
    const ask = process();
    expect(await lastUse()).toBeNull();
    await ask(key, minutesOn(0), "192.0.2.1");
    const first = await lastUse();
    expect(first.ip).toBe("192.0.2.1");
    await ask(key, minutesOn(4), "192.0.2.2");
    expect(await lastUse()).toEqual(first);
    const later = minutesOn(6);
    await ask(key, later, "192.0.2.2");
    expect(await lastUse()).toEqual({ at: later.toISOString(), ip: "192.0.2.2" });
  });

  it("that was rotated counts beside the new one for the overlap, and both are one key", async () => {
    const company = await registerCompany();
    const { id, key } = await apiKey(company, read);
    const rotated = await company.call("POST", `/api-keys/${id}/rotate`, { overlap_hours: 1 });
    expect([rotated.status, rotated.body.id]).toEqual([200, id]);
    const ask = process();
    for (const text of [key, rotated.body.key]) expect(await ask(text, minutesOn(59))).toBe("agents:read");
    expect(await ask(key, minutesOn(61))).toBe("unauthenticated");
    expect(await ask(rotated.body.key, minutesOn(61))).toBe("agents:read");
    // A second rotation ends the first one's overlap: two secrets count at most.
    const again = await company.call("POST", `/api-keys/${id}/rotate`, { overlap_hours: 168 });
    expect(await ask(key)).toBe("unauthenticated");
    expect(await ask(rotated.body.key)).toBe("agents:read");
    // Without an overlap the one before is refused at once.
    const last = await company.call("POST", `/api-keys/${id}/rotate`, {});
    for (const text of [key, rotated.body.key, again.body.key]) expect(await ask(text)).toBe("unauthenticated");
    expect(await ask(last.body.key)).toBe("agents:read");
  });
});

describe("the limit of a key", () => {
  it("lets exactly as many through as it says, of a hundred that come to five processes at once", async () => {
    const company = await registerCompany();
    const { key } = await apiKey(company, { ...read, rate_limit: 20 });
    const table = stackTable();
    const authenticate = createKeyAuthenticator(table, new Pepper(table, stackPlatform().secrets));
    const at = new Date();
    const who = await authenticate(key, plain, at, undefined);
    const limits = { user: 1, address: 1 };
    const processes = Array.from({ length: 5 }, () => createRates({ table: stackTable(), limits, meter: silentMeter }));
    const one = async (i: number) => {
      try {
        const [own] = (await processes[i % 5]?.caller(who, operations.list, at)) ?? [];
        return own?.limit;
      } catch (error) {
        return error instanceof Problem ? error.code : error;
      }
    };
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => one(i)));
    expect(answers.filter((answer) => answer === 20)).toHaveLength(20);
    expect(answers.filter((answer) => answer === "rate_limited")).toHaveLength(80);
  });
});

describe("the pepper", () => {
  it("is one, whoever makes it first", async () => {
    const { secrets } = stackPlatform();
    const made = await Promise.all(Array.from({ length: 6 }, () => new Pepper(stackTable(), secrets).make(new Date())));
    const proof = "A".repeat(PROOF_LENGTH);
    expect(new Set(made.map((hash) => hash(proof))).size).toBe(1);
  });
});
