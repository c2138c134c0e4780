import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { sentMails } from "../../../local/mails.ts";
import { type Company, call, eventually, registerCompany, unique } from "../../support/api.ts";
import { newDomain, ownerOf } from "../../support/domains.ts";
import { type NameServer, startNameServer } from "../../support/name-server.ts";

const PASSWORD = "correct horse battery staple";

let names: NameServer;
let company: Company;
beforeAll(async () => {
  const { dnsServer } = inject("stack");
  if (dnsServer === undefined) throw new Error("the stack asks no name server of the tests");
  names = await startNameServer(dnsServer);
  company = await registerCompany();
});
afterAll(() => names.close());

const mailTo = async (address: string) =>
  (await sentMails(inject("stack").endpoint)).find(({ to }) => to.includes(address));

it("a domain is claimed, proved by a real DNS record, opened, and an employee joins by an address of it", async () => {
  const domain = newDomain();
  const claimed = await company.call("POST", "/domains", { domain: domain.toUpperCase() });
  expect([claimed.status, claimed.body.domain, claimed.body.status]).toEqual([201, domain, "pending"]);
  expect(claimed.headers.get("location")).toMatch(new RegExp(`/domains/${claimed.body.id}$`));
  expect(JSON.stringify(claimed.body)).not.toMatch(/hash|sealed|link/);
  const { id, record } = claimed.body;
  const verify = () => company.call("POST", `/domains/${id}/verify`);

  expect((await verify()).body).toMatchObject({ status: "pending", last_check: "missing" });
  names.texts.set(record.name, null);
  expect((await verify()).body).toMatchObject({ status: "pending", last_check: "unavailable" });
  // Longer than one text of a record takes, as some providers write it; and another record beside it.
  names.texts.set(record.name, ["v=spf1 -all", record.value]);
  expect((await verify()).body).toMatchObject({ status: "verified", last_check: "found", method: "dns" });
  expect(names.asked).toContain(`_kaizen-challenge.${domain}`);

  const opened = await company.call("PATCH", `/domains/${id}`, { auto_join: true, default_role: "developer" });
  expect([opened.status, opened.body.auto_join]).toEqual([200, true]);
  expect((await company.call("GET", "/domains")).body.items).toMatchObject([{ id, domain, status: "verified" }]);

  const email = `${unique("ada")}@${domain}`;
  expect((await call("POST", "/auth/register", { body: { email, name: "Ada" } })).status).toBe(202);
  const mail = await eventually(() => mailTo(email), "the mail that proves the address");
  expect(mail.text).toContain(`lets people with an address of ${domain} join`);
  const token = /rgn_\w{26}\.[\w-]{43}/.exec(mail.text)?.[0];
  const joined = await call("POST", "/auth/join-domain", { body: { token, password: PASSWORD } });
  expect([joined.status, joined.body.role]).toEqual([201, "developer"]);
  const user = await company.call("GET", `/users/${joined.body.user.id}`);
  expect(user.body).toMatchObject({ role: "developer", joined_via: "domain", email });

  expect((await company.call("DELETE", `/domains/${id}`)).status).toBe(204);
  expect(await ownerOf(domain)).toBeUndefined();
  const audit = (await company.call("GET", `/audit/resources/domain/${id}`)).body.items;
  expect(audit.map(({ action }: { action: string }) => action).sort()).toEqual(
    ["domain.claimed", "domain.removed", "domain.updated", "domain.verified"].sort(),
  );
});

it("a domain is proved by the link in a mail to its postmaster, who needs no account", async () => {
  const domain = newDomain();
  const { id } = (await company.call("POST", "/domains", { domain })).body;
  const asked = await company.call("POST", `/domains/${id}/verification-mail`, { mailbox: "postmaster" });
  expect(asked.status).toBe(202);
  const mail = await eventually(() => mailTo(`postmaster@${domain}`), "the mail with the link");
  const token = /org_\w{26}\.dom_\w{26}\.[\w-]{43}/.exec(mail.text)?.[0];
  const looked = await call("GET", `/domains/confirm?token=${token}`);
  expect([looked.status, (await company.call("GET", `/domains/${id}`)).body.status]).toEqual([405, "pending"]);
  const confirmed = await call("POST", "/domains/confirm", { body: { token } });
  expect([confirmed.status, confirmed.body]).toEqual([200, { domain, organization_id: company.organization_id }]);
  expect((await company.call("GET", `/domains/${id}`)).body).toMatchObject({ status: "verified", method: "email" });
  expect((await call("POST", "/domains/confirm", { body: { token } })).status).toBe(404);
});

it("what is nobody's own domain is refused, and others' domains are not found", async () => {
  for (const domain of ["gmail.com", "co.uk", "localhost", "127.0.0.1", "acme.internal", "not a domain", ""])
    expect([domain, (await company.call("POST", "/domains", { domain })).status]).toEqual([domain, 422]);
  const other = await registerCompany();
  const { id } = (await other.call("POST", "/domains", { domain: newDomain() })).body;
  expect((await company.call("GET", `/domains/${id}`)).status).toBe(404);
  expect((await company.call("DELETE", `/domains/${id}`)).status).toBe(404);
});
