import { expect, it } from "vitest";
import { call, registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";

it("sign-ins, failed sign-ins, re-used refresh tokens and denials stand in the audit trail with their outcome", async () => {
  const company = await registerCompany();
  const sign = (password: string) => call("POST", "/auth/login", { body: { email: company.email, password } });
  expect((await sign(company.password)).status).toBe(200);
  expect((await sign("not the password")).status).toBe(401);
  const stale = await newRefreshToken(company.email, company.password);
  await call("POST", "/auth/refresh", { body: { refresh_token: stale } });
  expect((await call("POST", "/auth/refresh", { body: { refresh_token: stale } })).status).toBe(401);
  const viewer = await addMember(company, "viewer");
  const refused = await call("POST", "/agents", { token: viewer.token, body: {} });
  expect(refused.status).toBe(403);

  const entry = async (action: string) => {
    const found = await company.call("GET", `/audit/logs?action=${action}&limit=1`);
    expect(found.status).toBe(200);
    return found.body.items[0];
  };
  expect(await entry("session.signed_in")).toMatchObject({ outcome: "succeeded", actor: { id: company.user_id } });
  expect(await entry("session.sign_in_failed")).toMatchObject({
    outcome: "failed",
    reason: "wrong_password",
    actor: { id: company.user_id },
  });
  expect(await entry("session.refresh_reuse_detected")).toMatchObject({ outcome: "denied" });
  expect(await entry("access.denied")).toMatchObject({
    outcome: "denied",
    actor: { id: viewer.user_id },
    resource: { id: "agents.create" },
    reason: "permission agents:create",
  });
});

/** The refresh token of a new session. */
async function newRefreshToken(email: string, password: string): Promise<string> {
  const answer = await call("POST", "/auth/login", { body: { email, password } });
  return answer.body.tokens.refresh_token;
}
