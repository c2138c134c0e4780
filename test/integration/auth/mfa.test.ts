import { describe, expect, it } from "vitest";
import { secondFactorItem } from "../../../functions/auth/mfa/store.ts";
import { addSeconds, type Clock } from "../../../shared/clock.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { authDeps, authService, randomSource, signInPastThrottle, stackPool } from "../../support/auth.ts";
import { App, enrol, wrongCode } from "../../support/mfa.ts";
import { stackTable } from "../../support/stack.ts";

/** A company whose owner has a second factor, and the auth operations with a clock that the test moves. */
async function secured() {
  const company = await registerCompany();
  let now = new Date();
  const clock: Clock = { now: () => now };
  const service = authService({}, clock);
  const { secret, recovery_codes } = await enrol(company);
  now = new Date();
  const email = company.email;
  const login = async (ip = randomSource(), more: object = {}) =>
    (await service.send("POST", "/auth/login", { email, password: company.password, ...more }, { ip })).body;
  const finish = (challenge: string, code: string, ip = randomSource(), more: object = {}) =>
    service.send("POST", "/auth/login/mfa", { challenge, code, ...more }, { ip });
  return {
    company,
    service,
    secret,
    recovery_codes,
    login,
    finish,
    wait: (seconds: number) => {
      now = addSeconds(now, seconds);
    },
    /** An app whose first code is that of the test's next step: the enrolment has used up the one before. */
    app: () => new App(secret, addSeconds(now, 30)),
    wrong: () => wrongCode(secret, now),
  };
}

const factorOf = ({ user_id }: Company) => stackTable().of(PLATFORM).get(secondFactorItem, { user_id });

describe("a sign-in with the right password and no code", () => {
  it("opens nothing: no session, no token, no place that the account knows from then on", async () => {
    const { company, login } = await secured();
    const { table } = authDeps();
    const before = await table.of(PLATFORM).get(userItem, { id: company.user_id });
    const answer = await login();
    expect(answer.status).toBe("mfa_required");
    expect(JSON.stringify(answer)).not.toMatch(/token/);
    const after = await table.of(PLATFORM).get(userItem, { id: company.user_id });
    expect(after).toEqual(before);
  });

  it("is over after ten minutes", async () => {
    const { login, finish, wait, app } = await secured();
    const { challenge } = await login();
    wait(601);
    expect((await finish(challenge, app().code())).status).toBe(401);
  });

  it("is over when the password is changed meanwhile", async () => {
    const { company, login, finish, app } = await secured();
    const { challenge } = await login();
    const change = { current_password: company.password, new_password: "a pass phrase nobody knows" };
    expect((await company.call("POST", "/auth/me/password", change)).status).toBe(204);
    expect((await finish(challenge, app().code())).status).toBe(401);
  });

  it("cannot be finished with another's secret, nor with one made up", async () => {
    const [one, two] = [await secured(), await secured()];
    const { challenge } = await one.login();
    expect((await one.finish(challenge, two.recovery_codes[0] ?? "")).status).toBe(401);
    const id = challenge.split(".")[0];
    expect((await one.finish(`${id}.${"x".repeat(43)}`, one.app().code())).status).toBe(401);
    expect((await one.finish(`mfc_${"0".repeat(26)}.${"x".repeat(43)}`, "123456")).status).toBe(401);
    expect((await one.finish(challenge, one.app().code())).status).toBe(200);
  });
});

describe("a code", () => {
  it("of the app works once, however many send it at the same moment, and none before it works after it", async () => {
    const { login, finish, wait, app } = await secured();
    const challenges = await Promise.all(Array.from({ length: 4 }, () => login()));
    const older = app().code();
    wait(30);
    const code = app().code();
    const answers = await Promise.all(challenges.map(({ challenge }) => finish(challenge, code)));
    // Who is late is told that the code is used, not that something else was busy.
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    expect((await finish((await login()).challenge, older)).status).toBe(401);
  });

  it("of the recovery codes works once, however many send it at the same moment", async () => {
    const { company, login, finish, recovery_codes } = await secured();
    const challenges = await Promise.all(Array.from({ length: 4 }, () => login()));
    const code = recovery_codes[3] ?? "";
    const answers = await Promise.all(challenges.map(({ challenge }) => finish(challenge, code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    expect((await factorOf(company))?.recovery_hashes).toHaveLength(9);
    const refused = (await company.call("GET", "/audit/logs?action=session.sign_in_failed")).body.items;
    expect(refused).toHaveLength(3);
  });

  it("is not in the table in any form that can be read", async () => {
    const { company, secret, recovery_codes } = await secured();
    const stored = JSON.stringify(await factorOf(company));
    expect(stored).not.toContain(secret);
    for (const code of recovery_codes) expect(stored).not.toContain(code.replace("-", ""));
  });
});

describe("wrong codes", () => {
  it("wait after five of them, from wherever they come; a device that the account knows and a session do not", async () => {
    const { company, service, login, finish, wait, app, wrong, recovery_codes } = await secured();
    const first = await login();
    const { body: known } = await finish(first.challenge, app().code());
    wait(60);
    const { challenge } = await login();
    const tries = [];
    for (let i = 0; i < 6; i++) tries.push((await finish(challenge, wrong())).status);
    expect(tries).toEqual([401, 401, 401, 401, 401, 429]);
    const right = app().code();
    // The right one waits, too: nobody learns by it that it was right.
    const waiting = await finish(challenge, right);
    expect([waiting.status, Number(waiting.headers["retry-after"]) > 0]).toEqual([429, true]);

    const { device_token } = known;
    const device = await login(randomSource(), { device_token });
    expect((await finish(device.challenge, right, randomSource(), { device_token })).status).toBe(200);
    const session = { token: company.token };
    const proof = await service.send("POST", "/auth/step-up", { code: recovery_codes[0] }, session);
    expect(proof.status).toBe(200);

    wait(31);
    expect((await finish(challenge, recovery_codes[1] ?? "")).status).toBe(200);
  });
});

describe("turning it on", () => {
  it("takes a code of the secret that was begun last, and happens once", async () => {
    const company = await registerCompany();
    const begin = async () => (await company.call("POST", "/auth/me/mfa/totp", {})).body.secret;
    const [old, secret] = [await begin(), await begin()];
    const activate = (code: string) => company.call("POST", "/auth/me/mfa/totp/activate", { code });
    expect((await activate(new App(old).code())).status).toBe(401);
    const code = new App(secret).code();
    const answers = await Promise.all([activate(code), activate(code), activate(code)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const again = await company.call("POST", "/auth/me/mfa/totp", {});
    expect([again.status, again.body.state]).toEqual([409, "active"]);
  });

  it("lets no sign-in open that had proved the password before", async () => {
    const company = await registerCompany();
    const opened = await signInPastThrottle(stackPool(), company, async () => {
      await enrol(company);
    });
    expect(opened).toBeUndefined();
    const user = await authDeps().table.of(PLATFORM).get(userItem, { id: company.user_id });
    expect(user?.sessions_live).toBe(1);
  });
});
