import { expect, inject, it } from "vitest";
import { sentMails, tokenIn } from "../../../local/mails.ts";
import { call, eventually, registerCompany, unique } from "../../support/api.ts";

const mails = () => sentMails(inject("stack").endpoint);
const resetToken = async (address: string) => tokenIn(await mails(), address, "pwr");

it("a password is reset with the token from the mail, once, and every session ends", async () => {
  const company = await registerCompany();
  const asked = await call("POST", "/auth/forgot-password", { body: { email: company.email } });
  expect(asked.status).toBe(202);
  const token = await eventually(() => resetToken(company.email), "the mail with the token");
  const refused = await call("POST", "/auth/reset-password", { body: { token, new_password: "  too short  " } });
  expect(refused.status).toBe(422);

  const new_password = "another long pass phrase";
  const reset = await call("POST", "/auth/reset-password", { body: { token, new_password } });
  expect(reset.status).toBe(204);
  expect((await company.call("GET", "/auth/me")).status).toBe(401);
  expect((await call("POST", "/auth/login", { body: { email: company.email, password: new_password } })).status).toBe(
    200,
  );

  const again = await call("POST", "/auth/reset-password", {
    body: { token, new_password: "yet another pass phrase" },
  });
  expect(again.status).toBe(401);
});

it("an address without an account gets the same answer and no mail", async () => {
  const email = `${unique("nobody")}@example.com`;
  const company = await registerCompany();
  const known = await call("POST", "/auth/forgot-password", { body: { email: company.email } });
  const unknown = await call("POST", "/auth/forgot-password", { body: { email } });
  expect(unknown.status).toBe(known.status);
  expect(unknown.body).toEqual(known.body);
  await eventually(() => resetToken(company.email), "the mail to the known address");
  expect(await resetToken(email)).toBeUndefined();
});

it("a made-up token is refused", async () => {
  const token = `pwr_${"0".repeat(26)}.${"x".repeat(43)}`;
  expect(
    (await call("POST", "/auth/reset-password", { body: { token, new_password: "a long pass phrase" } })).status,
  ).toBe(401);
});
