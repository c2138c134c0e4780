import { describe, expect, it } from "vitest";
import { call, registerCompany, unique } from "../../support/api.ts";

describe("sessions", () => {
  it("a signed-in user reads who they are and what they may do", async () => {
    const company = await registerCompany();
    const me = await company.call("GET", "/auth/me");
    expect(me.status).toBe(200);
    expect(me.body).toMatchObject({
      user: { id: company.user_id, email: company.email },
      organization: { id: company.organization_id },
      role: "org_owner",
    });
    const permissions = await company.call("GET", "/auth/permissions");
    expect(permissions.body.grants).toEqual(["*"]);
    expect(permissions.body.permissions).toContain("agents:create");
  });

  it("logout ends the session on the next request, though the token has not expired", async () => {
    const company = await registerCompany();
    expect((await company.call("POST", "/auth/logout")).status).toBe(204);
    expect((await company.call("GET", "/auth/me")).status).toBe(401);
    const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: company.refresh_token } });
    expect(refreshed.status).toBe(401);
  });

  it("a refresh token works once; its second use ends the session for everybody who holds it", async () => {
    const company = await registerCompany();
    const first = await call("POST", "/auth/refresh", { body: { refresh_token: company.refresh_token } });
    expect(first.status).toBe(200);
    expect((await call("GET", "/auth/me", { token: first.body.access_token })).status).toBe(200);
    const second = await call("POST", "/auth/refresh", { body: { refresh_token: company.refresh_token } });
    expect(second.status).toBe(401);
    expect(second.body.code).toBe("invalid_refresh_token");
    expect((await call("GET", "/auth/me", { token: first.body.access_token })).status).toBe(401);
    expect((await call("POST", "/auth/refresh", { body: { refresh_token: first.body.refresh_token } })).status).toBe(
      401,
    );
  });

  it("unknown user and wrong password get the same answer", async () => {
    const company = await registerCompany();
    const wrong = await call("POST", "/auth/login", { body: { email: company.email, password: "not the password" } });
    const unknown = await call("POST", "/auth/login", {
      body: { email: `${unique()}@example.com`, password: "not the password" },
    });
    const plain = ({ body: { request_id, ...body }, status }: typeof wrong) => ({ status, body });
    expect(plain(wrong)).toEqual(plain(unknown));
    expect(wrong.status).toBe(401);
  });

  it("repeated failures of one account have to wait, whatever the password", async () => {
    const company = await registerCompany();
    for (let i = 0; i < 5; i++) {
      expect(
        (await call("POST", "/auth/login", { body: { email: company.email, password: "not the password" } })).status,
      ).toBe(401);
    }
    const locked = await call("POST", "/auth/login", { body: { email: company.email, password: company.password } });
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("a changed password ends the other sessions and only the new password signs in", async () => {
    const company = await registerCompany();
    const other = await call("POST", "/auth/login", { body: { email: company.email, password: company.password } });
    const new_password = "a new battery for the horse";
    const changed = await company.call("POST", "/auth/me/password", {
      current_password: company.password,
      new_password,
    });
    expect(changed.status).toBe(204);
    expect((await call("GET", "/auth/me", { token: other.body.tokens.access_token })).status).toBe(401);
    expect((await company.call("GET", "/auth/me")).status).toBe(200);
    expect(
      (await call("POST", "/auth/login", { body: { email: company.email, password: company.password } })).status,
    ).toBe(401);
    expect((await call("POST", "/auth/login", { body: { email: company.email, password: new_password } })).status).toBe(
      200,
    );
  });
});
