import { beforeAll, describe, expect, it } from "vitest";
import { sendDomainMail } from "../../../functions/domains/consumers.ts";
import { domainOwner, provedDomain } from "../../../functions/domains/public.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { newDomain, provedBy, storedDomain } from "../../support/domains.ts";
import { dueOf } from "../../support/due.ts";
import { newOperator } from "../../support/operators.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

let operators: readonly [Company, Company];
let companies: readonly [Company, Company];
beforeAll(async () => {
  const [a, b, c, d] = await Promise.all([newOperator(), newOperator(), registerCompany(), registerCompany()]);
  operators = [a, b];
  companies = [c, d];
});

const look = async (path: string) => {
  const answer = await operators[0].call("GET", `/platform/domains/${path}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const rule = (operator: Company, verb: "verify" | "release", domain: string, { organization_id }: Company) =>
  operator.call("POST", `/platform/domains/${domain}/${verb}`, { organization_id, reason: "Seen by hand." });
const claim = async (company: Company, domain: string): Promise<string> =>
  (await company.call("POST", "/domains", { domain })).body.id;
/** Who did what to a domain by an operator's hand, as the organization's own trail says it. */
const trail = async (company: Company, id: string) =>
  (await company.call("GET", `/audit/resources/domain/${id}`)).body.items
    .filter(({ actor }: { actor: { type: string } }) => actor.type === "operator")
    .map((one: { action: string; reason: string; actor: { id: string } }) => [one.action, one.reason, one.actor.id]);

describe("operators and mail domains", () => {
  it("see who claims one and who has proved it, page by page, in any spelling", async () => {
    const domain = newDomain();
    await claim(companies[1], domain);
    await provedBy(companies[0], domain);
    const seen = await look(domain.toUpperCase());
    expect([seen.domain, seen.proved_by.organization_id, seen.proved_by.method]).toEqual([
      domain,
      companies[0].organization_id,
      "dns",
    ]);
    const { items } = await look(`${domain}/claims`);
    const states = items.map((one: { organization_id: string; status: string }) => [one.organization_id, one.status]);
    expect(new Map(states)).toEqual(
      new Map([
        [companies[0].organization_id, "verified"],
        [companies[1].organization_id, "pending"],
      ]),
    );
    const first = await look(`${domain}/claims?limit=1`);
    const second = await look(`${domain}/claims?limit=1&cursor=${first.next_cursor}`);
    expect([...first.items, ...second.items]).toEqual(items);
    expect((await look(newDomain())).proved_by).toBeNull();
    expect(await look(`${newDomain()}/claims`)).toEqual({ items: [], next_cursor: null });
  });

  it("vouch for one: proved for good, in the organization's own trail with the reason", async () => {
    const [company] = companies;
    const domain = newDomain();
    expect((await rule(operators[0], "verify", domain, company)).status).toBe(404);
    const id = await claim(company, domain);
    const answer = await rule(operators[0], "verify", domain, company);
    expect([answer.status, answer.body.status, answer.body.method]).toEqual([200, "verified", "operator"]);
    expect(await provedDomain(stackTable(), company.organization_id, domain)).toBe(true);
    expect((await dueOf(company.organization_id)).filter(({ ref }) => ref === id)).toEqual([]);
    expect(await trail(company, id)).toEqual([["domain.verified", "Seen by hand.", operators[0].user_id]]);
  });

  it("vouch for one organization only, however many operators vouch for different ones at once", async () => {
    const domain = newDomain();
    await Promise.all(companies.map((company) => claim(company, domain)));
    const answers = await Promise.all(
      operators.map((operator, i) => rule(operator, "verify", domain, companies[i] ?? operator)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = companies[answers.findIndex(({ status }) => status === 200)];
    expect((await domainOwner(stackTable(), domain))?.organization_id).toBe(winner?.organization_id);
  });

  it("release a proved one, once: nobody's then, and free for the other", async () => {
    const domain = newDomain();
    const id = await provedBy(companies[0], domain);
    await claim(companies[1], domain);
    expect((await rule(operators[0], "release", domain, companies[1])).body.state).toBe("pending");
    expect((await rule(operators[0], "verify", domain, companies[1])).body.state).toBe("taken");
    const answers = await Promise.all(operators.map((operator) => rule(operator, "release", domain, companies[0])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect(await domainOwner(stackTable(), domain)).toBeUndefined();
    expect((await companies[0].call("GET", `/domains/${id}`)).status).toBe(404);
    expect((await trail(companies[0], id)).map(([action]: string[]) => action)).toEqual(["domain.removed"]);
    expect((await rule(operators[1], "verify", domain, companies[1])).status).toBe(200);
  });

  it("tell the owners by mail what they did; what an organization does itself is no news", async () => {
    const [company] = companies;
    const mails: Mail[] = [];
    const deps = { ...stackPlatform(), app_url: "https://app", send: async (mail: Mail) => void mails.push(mail) };
    const event = (type: string, actor: string) =>
      ({
        ...{ type, organization_id: company.organization_id, actor: { type: actor, id: "usr_x" } },
        data: { domain_id: "dom_x", domain: "acme.example.org", method: "operator", reason: "Seen by hand." },
      }) as unknown as Envelope;
    await sendDomainMail(event("domain.verified", "operator"), deps);
    await sendDomainMail(event("domain.removed", "operator"), deps);
    await sendDomainMail(event("domain.verified", "system"), deps);
    await sendDomainMail(event("domain.removed", "user"), deps);
    expect(mails.map(({ to, subject }) => [to, subject])).toEqual([
      [company.email, "acme.example.org counts as yours"],
      [company.email, "acme.example.org is yours no more"],
    ]);
    expect(mails.every(({ lines }) => lines.join("\n").includes("Seen by hand."))).toBe(true);
  });

  it("do none of it for a deleted organization", async () => {
    const gone = await registerCompany();
    const domain = newDomain();
    const id = await claim(gone, domain);
    const { slug } = (await gone.call("GET", `/organizations/${gone.organization_id}`)).body;
    await gone.call("DELETE", `/organizations/${gone.organization_id}?confirm=${slug}`);
    expect((await rule(operators[0], "verify", domain, gone)).body.state).toBe("deleted");
    expect((await storedDomain(gone, id)).status).toBe("pending");
  });
});
