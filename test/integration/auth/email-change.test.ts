import { describe, expect, it } from "vitest";
import { emailItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { registerCompany, unique } from "../../support/api.ts";
import { authDeps, authService } from "../../support/auth.ts";
import { emailChangeOf } from "../../support/email-change.ts";

const address = () => `${unique("wanted")}@example.com`;
const userOf = (id: string) => authDeps().table.of(PLATFORM).get(userItem, { id });
const markerOf = (email: string) => authDeps().table.of(PLATFORM).get(emailItem, { email });

describe("an address that several want", () => {
  it("goes to one of them, and the others keep theirs", async () => {
    const companies = await Promise.all(Array.from({ length: 4 }, () => registerCompany()));
    const email = address();
    const tokens = await Promise.all(companies.map(({ user_id }) => emailChangeOf(user_id, email)));
    const answers = await Promise.all(
      companies.map((company, i) => company.call("POST", "/auth/me/email/confirm", { token: tokens[i] })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const winner = companies[answers.findIndex(({ status }) => status === 200)];
    expect((await markerOf(email))?.user_id).toBe(winner?.user_id);
    for (const company of companies) {
      const own = company === winner ? email : company.email;
      expect((await userOf(company.user_id))?.email).toBe(own);
      expect((await markerOf(company.email))?.user_id).toBe(company === winner ? undefined : company.user_id);
    }
  });
});

describe("two addresses that one wants", () => {
  it("at the same moment leave the account with one, and one marker", async () => {
    const company = await registerCompany();
    const emails = [address(), address()];
    const tokens = await Promise.all(emails.map((email) => emailChangeOf(company.user_id, email)));
    const answers = await Promise.all(tokens.map((token) => company.call("POST", "/auth/me/email/confirm", { token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    const markers = await Promise.all([company.email, ...emails].map(markerOf));
    expect(markers.filter((marker) => marker !== undefined)).toHaveLength(1);
    expect(markers.find((marker) => marker !== undefined)?.email).toBe((await userOf(company.user_id))?.email);
  });

  it("are asked for at most five times an hour", async () => {
    const company = await registerCompany();
    const now = new Date();
    const { send } = authService({}, { now: () => now });
    const statuses = [];
    for (let i = 0; i < 6; i++)
      statuses.push((await send("POST", "/auth/me/email", { email: address() }, { token: company.token })).status);
    expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
  });
});
