import { describe, expect, it } from "vitest";
import { membershipItem } from "../../../shared/identity/items.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { type Company, call, proofOf, registerCompany, unique } from "../../support/api.ts";
import { newDomain, provedBy } from "../../support/domains.ts";
import { stackTable } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";

const PASSWORD = "correct horse battery staple";
const used = async ({ organization_id }: Company) =>
  (await stackTable().of(organization_id).get(quotaItem, { resource: "users" }))?.used;

/** A company whose domain is open, and the domain. */
async function openCompany() {
  const company = await registerCompany();
  const name = newDomain();
  const id = await provedBy(company, name);
  const opened = await company.call("PATCH", `/domains/${id}`, { auto_join: true, default_role: "developer" });
  expect(opened.status).toBe(200);
  return { company, name, id };
}

/** A token that proves an address. */
async function registered(email: string): Promise<string> {
  const { status, body } = await call("POST", "/auth/register", { body: { email, name: "Ada" } });
  expect(status).toBe(202);
  return proofOf(body.registration_id);
}

const join = (token: string) => call("POST", "/auth/join-domain", { body: { token, password: PASSWORD } });
const lookUp = async (token: string) =>
  (await call("POST", "/auth/registrations/look-up", { body: { token } })).body.join;

describe("somebody with an address of an open domain", () => {
  it("is offered to join, joins with the domain's role once, and is signed in", async () => {
    const { company, name } = await openCompany();
    const email = `${unique("ada")}@${name.toUpperCase()}`;
    const token = await registered(email);
    expect(await lookUp(token)).toMatchObject({ organization: { id: company.organization_id }, role: "developer" });
    const answers = await Promise.all(Array.from({ length: 4 }, () => join(token)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401 || status === 409)).toHaveLength(3);
    const joined = answers.find(({ status }) => status === 201)?.body;
    const me = await call("GET", "/auth/me", { token: joined.tokens.access_token });
    expect(me.body).toMatchObject({ role: "developer", organization: { id: company.organization_id } });
    const membership = await stackTable().of(company.organization_id).get(membershipItem, { user_id: joined.user.id });
    expect(membership).toMatchObject({ joined_via: "domain", role: "developer", primary: true });
    expect(await used(company)).toBe(2);
  });

  it("may found an organization of their own all the same, named after them", async () => {
    const { company, name } = await openCompany();
    const token = await registered(`${unique("ada")}@${name}`);
    const founded = await call("POST", "/auth/verify-email", { body: { token, password: PASSWORD } });
    expect([founded.status, founded.body.organization.name]).toEqual([201, "Ada's organization"]);
    expect((await join(token)).status).toBe(401);
    expect(await used(company)).toBe(1);
  });

  it("takes the last seat once, and keeps the token where there is none", async () => {
    const { company, name } = await openCompany();
    const tokens = await Promise.all(Array.from({ length: 4 }, () => registered(`${unique("ada")}@${name}`)));
    const answers = await Promise.all(tokens.map(join));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 402, 402]);
    expect(await used(company)).toBe(3);
    const refused = tokens[answers.findIndex(({ status }) => status === 402)] ?? "";
    expect((await call("POST", "/auth/verify-email", { body: { token: refused, password: PASSWORD } })).status).toBe(
      201,
    );
  });

  it("does not join where the door was closed, the domain given up or the organization suspended since", async () => {
    const { company, name, id } = await openCompany();
    const token = await registered(`${unique("ada")}@${name}`);
    await stand(company.organization_id, "suspend");
    expect([(await join(token)).status, await lookUp(token)]).toEqual([404, null]);
    await stand(company.organization_id, "restore");
    expect((await company.call("PATCH", `/domains/${id}`, { auto_join: false })).status).toBe(200);
    expect([(await join(token)).status, await lookUp(token)]).toEqual([404, null]);
    expect((await company.call("PATCH", `/domains/${id}`, { auto_join: true })).status).toBe(200);
    expect((await company.call("DELETE", `/domains/${id}`)).status).toBe(204);
    expect([(await join(token)).status, await lookUp(token)]).toEqual([404, null]);
    expect(await used(company)).toBe(1);
  });

  it("and somebody with one of a domain below it, or of another one, is offered nothing", async () => {
    const { name } = await openCompany();
    for (const domain of [`mail.${name}`, `x${name}`, "example.org"]) {
      const token = await registered(`${unique("ada")}@${domain}`);
      expect([(await join(token)).status, await lookUp(token)]).toEqual([404, null]);
    }
  });

  it("joins or finds the door closed, whichever comes first", async () => {
    const { company, name, id } = await openCompany();
    const token = await registered(`${unique("ada")}@${name}`);
    const [joined, closed] = await Promise.all([
      join(token),
      company.call("PATCH", `/domains/${id}`, { auto_join: false }),
    ]);
    expect(closed.status).toBe(200);
    expect(await used(company)).toBe(joined.status === 201 ? 2 : 1);
    expect([201, 404]).toContain(joined.status);
    expect((await join(await registered(`${unique("ada")}@${name}`))).status).toBe(404);
  });
});
