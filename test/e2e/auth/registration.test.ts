import { describe, expect, inject, it } from "vitest";
import { sentMails, tokenIn } from "../../../local/mails.ts";
import { call, eventually, proofOf, register, registerCompany, unique } from "../../support/api.ts";

const password = "correct horse battery";
const mails = () => sentMails(inject("stack").endpoint);
const person = (email: string) => ({ email, name: "Ada", organization_name: unique("Acme") });
const plain = ({ status, body: { registration_id, ...body } }: Awaited<ReturnType<typeof call>>) => ({ status, body });

describe("registration", () => {
  it("begins with a mail whose token makes the account, once, and signs in", async () => {
    const email = `${unique("ada")}@example.com`;
    const asked = await call("POST", "/auth/register", { body: person(email.toUpperCase()) });
    expect(asked.status).toBe(202);
    const token = await eventually(async () => tokenIn(await mails(), email, "rgn"), "the mail with the token");
    const verified = await call("POST", "/auth/verify-email", { body: { token, password } });
    expect(verified.status).toBe(201);
    expect(verified.body.user).toMatchObject({ email, name: "Ada" });
    expect((await call("GET", "/auth/me", { token: verified.body.tokens.access_token })).body.role).toBe("org_owner");
    expect((await call("POST", "/auth/login", { body: { email, password } })).status).toBe(200);
    expect((await call("POST", "/auth/verify-email", { body: { token, password } })).status).toBe(401);
  });

  it("answers the same whether the address has an account or not; the mail tells its owner, without a token", async () => {
    const company = await registerCompany();
    const known = await call("POST", "/auth/register", { body: person(company.email) });
    const unknown = await call("POST", "/auth/register", { body: person(`${unique()}@example.com`) });
    expect(plain(known)).toEqual(plain(unknown));
    const mail = await eventually(
      async () => (await mails()).find(({ to, subject }) => to.includes(company.email) && subject.includes("already")),
      "the mail to who has an account",
    );
    expect(mail.text).not.toMatch(/rgn_/);
    const token = await proofOf(known.body.registration_id);
    expect((await call("POST", "/auth/verify-email", { body: { token, password } })).status).toBe(409);
  });

  it("sends its mail again a few times, whether the address has an account or not", async () => {
    const company = await registerCompany();
    for (const email of [company.email, `${unique()}@example.com`]) {
      const { registration_id } = (await call("POST", "/auth/register", { body: person(email) })).body;
      const again = () => call("POST", `/auth/registrations/${registration_id}/resend`);
      expect([(await again()).status, (await again()).status, (await again()).status]).toEqual([202, 202, 409]);
      const sent = async () => (await mails()).filter(({ to }) => to.includes(email)).length;
      await eventually(async () => ((await sent()) >= 3 ? true : undefined), "the mail and its repetitions");
    }
    const nobody = await call("POST", `/auth/registrations/rgn_${"0".repeat(26)}/resend`);
    expect(nobody.status).toBe(404);
  });

  it("of one address by many at once succeeds exactly once, whatever the case of its letters", async () => {
    const email = `${unique("race")}@example.com`;
    const ids = await Promise.all(
      [email, email.toUpperCase(), email].map(
        async (address) => (await call("POST", "/auth/register", { body: person(address) })).body.registration_id,
      ),
    );
    const tokens = await Promise.all(ids.map(proofOf));
    const answers = await Promise.all(
      [...tokens, ...tokens].map((token) => call("POST", "/auth/verify-email", { body: { token, password } })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => ![201, 401, 409].includes(status))).toEqual([]);
    expect((await call("POST", "/auth/login", { body: { email, password } })).status).toBe(200);
  });

  it("keeps its token when the password is refused", async () => {
    const email = `${unique()}@example.com`;
    const { registration_id } = (await call("POST", "/auth/register", { body: person(email) })).body;
    const token = await proofOf(registration_id);
    expect((await call("POST", "/auth/verify-email", { body: { token, password: "  short  " } })).status).toBe(422);
    expect((await call("POST", "/auth/verify-email", { body: { token, password } })).status).toBe(201);
  });

  it("derives another slug when the name has one already", async () => {
    const name = unique("Twins");
    const slugs = [];
    for (const _ of [1, 2]) {
      const made = await register({ email: `${unique()}@example.com`, password, organization_name: name });
      slugs.push(made.body.organization.slug);
    }
    expect(slugs[1]).toMatch(new RegExp(`^${slugs[0]}-`));
    const wanted = { ...person(`${unique()}@example.com`), organization_slug: slugs[0] };
    expect((await call("POST", "/auth/register", { body: wanted })).status).toBe(409);
  });

  it("names every field that is wrong, unknown ones too", async () => {
    const answer = await call("POST", "/auth/register", { body: { email: "x", nme: "Ada" } });
    expect(answer.status).toBe(422);
    expect(answer.body.issues.map(({ path }: { path: string }) => path).sort()).toEqual(["email", "name", "nme"]);
  });
});
