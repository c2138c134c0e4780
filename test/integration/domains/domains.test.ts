import { beforeAll, describe, expect, it } from "vitest";
import { checkDomain } from "../../../functions/domains/consumers.ts";
import { MAILS_PER_DOMAIN } from "../../../functions/domains/model.ts";
import { domainOwner, provedDomain } from "../../../functions/domains/public.ts";
import { claimedDomainItem, domainCheck } from "../../../functions/domains/store.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { domainLink, domainService, newDomain, ownerOf, provedBy, storedDomain } from "../../support/domains.ts";
import { dueOf } from "../../support/due.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

const table = () => stackTable();
const used = async ({ organization_id }: Company) =>
  (await table().of(organization_id).get(quotaItem, { resource: "domains" }))?.used ?? 0;
const claim = async (company: Company, domain: string) => {
  const answer = await company.call("POST", "/domains", { domain });
  expect([answer.status, answer.text]).toEqual([201, answer.text]);
  return answer.body;
};
/** What comes due for a domain, as the sweeper would have it done at this time. */
const check = async (company: Company, ref: string, now: Date, service: ReturnType<typeof domainService>) => {
  const due = { tenant: company.organization_id, kind: domainCheck.kind, ref, at: now.toISOString() };
  return checkDomain(due, { table: table(), clock: { now: () => now }, lookUpTxt: service.deps.lookUpTxt });
};
const actions = async (company: Company, domain_id: string): Promise<string[]> => {
  const { items } = (await company.call("GET", `/audit/resources/domain/${domain_id}`)).body;
  return items.map(({ action }: { action: string }) => action).reverse();
};

let companies: Company[];
beforeAll(async () => {
  companies = await Promise.all(Array.from({ length: 3 }, () => registerCompany()));
});
const company = (i: number): Company => {
  const found = companies[i];
  if (found === undefined) throw new Error("no company");
  return found;
};

describe("a domain", () => {
  it("proved by three organizations at once is one's, and a claim of it stays a claim", async () => {
    const service = domainService();
    const name = newDomain();
    const claims = await Promise.all(companies.map((one) => claim(one, name)));
    const [record] = claims.map(({ record }) => record.name);
    service.zone.set(
      record,
      claims.map(({ record }) => record.value),
    );
    const answers = await Promise.all(
      claims.flatMap(({ id }, i) =>
        [1, 2].map(async () => (await service.send(company(i), "POST", `/domains/${id}/verify`)).status),
      ),
    );
    expect(answers.filter((status) => status === 200)).toHaveLength(2);
    expect(answers.filter((status) => status === 409)).toHaveLength(4);
    const owner = await ownerOf(name);
    const states = await Promise.all(claims.map(async ({ id }, i) => (await storedDomain(company(i), id)).status));
    expect(states.sort()).toEqual(["pending", "pending", "verified"]);
    for (const one of companies)
      expect(await provedDomain(table(), one.organization_id, name)).toBe(
        owner?.organization_id === one.organization_id,
      );
    // Whoever gives it up leaves it to the next.
    const winner = companies.findIndex(({ organization_id }) => organization_id === owner?.organization_id);
    const next = (winner + 1) % companies.length;
    expect((await company(winner).call("DELETE", `/domains/${claims[winner].id}`)).status).toBe(204);
    expect(await domainOwner(table(), name)).toBeUndefined();
    expect((await service.send(company(next), "POST", `/domains/${claims[next].id}/verify`)).status).toBe(200);
    expect((await ownerOf(name))?.organization_id).toBe(company(next).organization_id);
  });

  it("is claimed once in an organization however many ask, in any spelling, and counted once", async () => {
    const one = await registerCompany();
    const name = newDomain();
    const spellings = [name, name.toUpperCase(), `${name}.`, ` ${name} `];
    const answers = await Promise.all(spellings.map((domain) => one.call("POST", "/domains", { domain })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(await used(one)).toBe(1);
    const id = answers.find(({ status }) => status === 201)?.body.id;
    expect((await one.call("DELETE", `/domains/${id}`)).status).toBe(204);
    const checks = (await dueOf(one.organization_id)).filter(({ ref }) => ref === id);
    expect([await used(one), checks]).toEqual([0, []]);
    const claimed = { domain: name, organization_id: one.organization_id };
    expect(await table().of(PLATFORM).get(claimedDomainItem, claimed)).toBeUndefined();
  });

  it("past the plan's number is refused", async () => {
    const one = await registerCompany();
    for (let i = 0; i < 5; i++) await claim(one, newDomain());
    const over = await one.call("POST", "/domains", { domain: newDomain() });
    expect([over.status, over.body.resource, over.body.limit]).toEqual([402, "domains", 5]);
  });

  it("does not count for what stands below it, nor the other way round", async () => {
    const one = company(0);
    const name = newDomain();
    await provedBy(one, name);
    expect(await provedDomain(table(), one.organization_id, `mail.${name}`)).toBe(false);
    expect(await domainOwner(table(), name.slice(name.indexOf(".") + 1))).toBeUndefined();
  });

  it("that nobody proves ends, on record, and is claimed again with another value under the same id", async () => {
    const one = await registerCompany();
    const service = domainService();
    const { id, domain, record, expires_at } = await claim(one, newDomain());
    const end = new Date(expires_at);
    expect(await check(one, id, addSeconds(end, -7_000), service)).toEqual(addSeconds(end, -3_400));
    expect(await check(one, id, end, service)).toBeUndefined();
    expect(await check(one, id, end, service)).toBeUndefined();
    expect((await one.call("GET", `/domains/${id}`)).body.status).toBe("expired");
    expect(await actions(one, id)).toEqual(["domain.claimed", "domain.expired"]);
    service.zone.set(record.name, [record.value]);
    expect((await service.send(one, "POST", `/domains/${id}/verify`)).status).toBe(409);
    const again = await claim(one, domain);
    expect([again.id, again.status]).toEqual([id, "pending"]);
    expect(again.record.value).not.toBe(record.value);
    const old = await service.send(one, "POST", `/domains/${id}/verify`);
    expect([old.body.status, old.body.last_check]).toEqual(["pending", "missing"]);
    expect(await used(one)).toBe(1);
  });

  it("whose record goes warns, fails after 14 days and is free, and comes back with the record", async () => {
    const one = await registerCompany();
    const service = domainService();
    const id = await provedBy(one, newDomain(), service);
    const { domain, challenge } = await storedDomain(one, id);
    await one.call("PATCH", `/domains/${id}`, { auto_join: true, default_role: "developer" });
    const record = `_kaizen-challenge.${domain}`;
    service.zone.set(record, ["v=spf1 -all"]);
    const month = addSeconds(new Date(), 30 * 86_400);
    for (let day = 0; day < 14; day++) {
      await check(one, id, addSeconds(month, day * 86_400), service);
      expect((await ownerOf(domain))?.auto_join).toBe(true);
    }
    const end = addSeconds(month, 14 * 86_400);
    expect(await check(one, id, end, service)).toEqual(addSeconds(end, 7 * 86_400));
    expect([(await storedDomain(one, id)).status, await ownerOf(domain)]).toEqual(["failed", undefined]);
    expect(await actions(one, id)).toEqual([
      "domain.claimed",
      "domain.verified",
      "domain.updated",
      ...Array(4).fill("domain.proof_lost"),
      "domain.failed",
    ]);
    service.zone.set(record, [`kaizen-domain-verification=${challenge}`]);
    await check(one, id, addSeconds(end, 7 * 86_400), service);
    expect(await ownerOf(domain)).toMatchObject({
      organization_id: one.organization_id,
      auto_join: true,
      default_role: "developer",
    });
  });

  it("that another one has proved meanwhile does not stop the looks at a claim", async () => {
    const service = domainService();
    const name = newDomain();
    const [mine, other] = [company(1), company(2)];
    const { id, record } = await claim(mine, name);
    await provedBy(other, name);
    service.zone.set(record.name, [record.value]);
    const now = new Date();
    expect(await check(mine, id, now, service)).toEqual(addSeconds(now, 3_600));
    expect((await storedDomain(mine, id)).status).toBe("pending");
  });
});

describe("the link in a mail", () => {
  it("proves the domain once, followed ten times at once or not", async () => {
    const one = company(0);
    const service = domainService();
    const name = newDomain();
    const { id } = await claim(one, name);
    const asked = await one.call("POST", `/domains/${id}/verification-mail`, { mailbox: "postmaster" });
    expect([asked.status, JSON.stringify(asked.body).includes("secret")]).toEqual([202, false]);
    const token = await domainLink(one, id);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => service.send(undefined, "POST", "/domains/confirm", { token })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(404)]);
    expect(await storedDomain(one, id)).toMatchObject({ status: "verified", method: "email", link: null });
    expect((await ownerOf(name))?.organization_id).toBe(one.organization_id);
    const audit = await one.call("GET", "/audit/logs?action=domain.verified");
    const entry = audit.body.items.find(({ resource }: { resource: { id: string } }) => resource.id === id);
    expect(entry.actor).toEqual({ type: "system", id: "domain_mailbox" });
  });

  it("works no more when a newer one was sent, when it is too old, and with another secret", async () => {
    const one = company(1);
    const { id } = await claim(one, newDomain());
    const ask = () => one.call("POST", `/domains/${id}/verification-mail`, { mailbox: "admin" });
    await ask();
    const first = await domainLink(one, id);
    await ask();
    const second = await domainLink(one, id);
    const late = domainService(new Map(), { now: () => addSeconds(new Date(), 86_401) });
    const now = domainService();
    const confirm = (service: typeof now, token: string) =>
      service.send(undefined, "POST", "/domains/confirm", { token });
    const forged = `${second.slice(0, -1)}${second.endsWith("A") ? "B" : "A"}`;
    const refused = [
      await confirm(now, first),
      await confirm(late, second),
      await confirm(now, forged),
      await confirm(now, "nonsense"),
    ];
    expect(refused.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(refused.map(({ body }) => body.detail)).size).toBe(1);
    expect((await confirm(now, second)).status).toBe(200);
  });

  it("goes to a domain five times a day at most, whichever organization asks", async () => {
    const name = newDomain();
    const claims = await Promise.all([claim(company(0), name), claim(company(1), name)]);
    const statuses: number[] = [];
    for (let i = 0; i <= MAILS_PER_DOMAIN; i++) {
      const path = `/domains/${claims[i % 2].id}/verification-mail`;
      statuses.push((await company(i % 2).call("POST", path, { mailbox: "admin" })).status);
    }
    expect(statuses).toEqual([...Array(MAILS_PER_DOMAIN).fill(202), 429]);
  });
});

describe("who joins by a domain", () => {
  it("is given no role above that of whoever says so, and never owner or admin", async () => {
    const one = await registerCompany();
    const id = await provedBy(one);
    for (const default_role of ["org_owner", "org_admin", "nonsense"])
      expect((await one.call("PATCH", `/domains/${id}`, { default_role })).status).toBe(422);
    const viewer = await addMember(one, "viewer");
    expect((await viewer.call("PATCH", `/domains/${id}`, { auto_join: true })).status).toBe(403);
    expect((await one.call("PATCH", `/domains/${id}`, { auto_join: true, default_role: "operator" })).status).toBe(200);
    expect(await ownerOf((await storedDomain(one, id)).domain)).toMatchObject({
      auto_join: true,
      default_role: "operator",
    });
  });
});
