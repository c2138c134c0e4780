import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { describe, expect, inject, it } from "vitest";
import { connectCognito } from "../../../functions/auth/sessions/cognito.ts";
import { admitAttempt } from "../../../functions/auth/throttle/admit.ts";
import { allowances, FREE_ATTEMPTS } from "../../../functions/auth/throttle/model.ts";
import { addSeconds, type Clock } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { call, registerCompany, unique } from "../../support/api.ts";
import { authService, memoryPool, midHour, randomSource as source } from "../../support/auth.ts";
import { awsConfig, stackPlatform, stackTable } from "../../support/stack.ts";

/** The sign-in operation in this process, with a clock that stands; `pool` as far as the test needs one of its own. */
function signIn(pool = memoryPool({ sub: "nobody", password: "nobody's password" }), clock: Clock = midHour) {
  const service = authService({ identities: pool }, clock);
  return (email: string, password: string, ip: string, more: object = {}) =>
    service.send("POST", "/auth/login", { email, password, ...more }, { ip });
}

describe("signing in", () => {
  it("does the same work for an unknown user as for a wrong password", async () => {
    const { email } = await registerCompany();
    const platform = stackPlatform();
    const { outputs } = inject("stack");
    const client = new CognitoIdentityProviderClient(awsConfig());
    const calls: string[] = [];
    platform.table.client.middlewareStack.add(
      (next, context) => (args) => {
        calls.push(String(context.commandName));
        return next(args);
      },
      { step: "initialize" },
    );
    client.middlewareStack.add(
      (next, context) => (args) => {
        calls.push(String(context.commandName));
        return next(args);
      },
      { step: "initialize" },
    );
    const identities = connectCognito(
      { userPoolId: outputs.UserPoolId ?? "", clientId: outputs.UserPoolClientId ?? "" },
      client,
    );
    const { send } = authService({ table: platform.table, identities });
    const attempt = async (address: string) => {
      calls.length = 0;
      const body = { email: address, password: "not the password" };
      return { status: (await send("POST", "/auth/login", body, { ip: source() })).status, calls: [...calls] };
    };
    const wrong = await attempt(email);
    const unknown = await attempt(`${unique()}@example.com`);
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.calls).toContain("AdminInitiateAuthCommand");
    expect(unknown.calls).toEqual(wrong.calls);
  });

  it("is refused beyond a number of attempts a minute from one source, whoever they are for", async () => {
    const attempt = signIn();
    const { limit } = allowances.sign_in_source;
    const ip = source();
    const answers = await Promise.all(
      Array.from({ length: limit + 4 }, (_, i) =>
        attempt(`${unique()}@example.com`, "a password", ip.replace("::1", `::${i + 1}`)),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(limit).fill(401), ...Array(4).fill(429)]);
    for (const { headers } of answers.filter(({ status }) => status === 429))
      expect(Number(headers["retry-after"])).toBeGreaterThan(0);
    expect((await attempt(`${unique()}@example.com`, "a password", source())).status).toBe(401);
  });

  it("with an idempotency key is no way past the throttle, and no second sign-in is remembered", async () => {
    const company = await registerCompany();
    const { send } = authService();
    const ip = source();
    const headers = { "idempotency-key": unique("key") };
    const attempt = (password: string) =>
      send("POST", "/auth/login", { email: company.email, password }, { ip, headers });
    const first = await attempt(company.password);
    const second = await attempt(company.password);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.headers["idempotent-replayed"]).toBeUndefined();
    expect(second.body.tokens.refresh_token).not.toBe(first.body.tokens.refresh_token);
    for (let i = 0; i <= FREE_ATTEMPTS; i++) await attempt("not the password");
    expect((await attempt(company.password)).status).toBe(429);
  });
});

describe("attempts from one place", () => {
  it("wait longer and longer after the free ones, and count as none when their time is over, deleted or not", async () => {
    const email = `${unique()}@example.com`;
    const ip = source();
    let now = midHour.now();
    const deps = { table: stackTable(), origin_factor: 1_000 };
    const pass = (seconds: number) => {
      now = addSeconds(now, seconds);
    };
    const attempt = () => admitAttempt(deps, { email, ip }, now).then(() => "admitted", waits);
    const waits = (error: unknown) => error instanceof Problem && Number(error.options.headers?.["retry-after"]);
    const many = async (n: number) => {
      const seen = [];
      for (let i = 0; i < n; i++) seen.push(await attempt());
      return seen;
    };
    const free = Array(FREE_ATTEMPTS).fill("admitted");
    expect(await many(FREE_ATTEMPTS + 2)).toEqual([...free, "admitted", 30]);
    pass(31);
    expect(await many(2)).toEqual(["admitted", 60]);
    // DynamoDB has deleted nothing: its clock is that of the machine.
    pass(86_401);
    expect(await many(FREE_ATTEMPTS + 2)).toEqual([...free, "admitted", 30]);
  });

  it("whose time is over are begun anew once, however many come at the same moment", async () => {
    const email = `${unique()}@example.com`;
    const ip = source();
    const deps = { table: stackTable(), origin_factor: 1_000 };
    const now = midHour.now();
    for (let i = 0; i < FREE_ATTEMPTS + 1; i++) await admitAttempt(deps, { email, ip }, now);
    const later = addSeconds(now, 90_000);
    const all = Array.from({ length: 12 }, () => admitAttempt(deps, { email, ip }, later));
    const admitted = (await Promise.allSettled(all)).filter(({ status }) => status === "fulfilled").length;
    expect(admitted).toBeGreaterThanOrEqual(1);
    expect(admitted).toBeLessThanOrEqual(FREE_ATTEMPTS + 1);
  });
});

describe("guesses of others", () => {
  it("from many sources do not stop a right password from a source or a device that the account knows", async () => {
    const company = await registerCompany();
    const { subs } = await ownerOf(company.user_id);
    const attempt = signIn(memoryPool({ sub: subs[0] ?? "", password: company.password }));
    const [home, laptop] = [source(), source()];
    expect((await attempt(company.email, company.password, home)).status).toBe(200);
    const { device_token } = (await attempt(company.email, company.password, laptop)).body;

    const { limit } = allowances.sign_in_strangers;
    const guesses = await Promise.all(
      Array.from({ length: limit + 10 }, () => attempt(company.email, "a guess of somebody", source())),
    );
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(limit - 2);
    expect((await attempt(company.email, company.password, source())).status).toBe(429);

    expect((await attempt(company.email, company.password, home)).status).toBe(200);
    const travelling = await attempt(company.email, company.password, source(), { device_token });
    expect([travelling.status, travelling.body.device_token]).toEqual([200, device_token]);
    const madeUp = { device_token: "x".repeat(43) };
    expect((await attempt(company.email, company.password, source(), madeUp)).status).toBe(429);
  });

  it("from the same source do not stop a device that the account knows", async () => {
    const company = await registerCompany();
    const { subs } = await ownerOf(company.user_id);
    const attempt = signIn(memoryPool({ sub: subs[0] ?? "", password: company.password }), midHour);
    const office = source();
    const { device_token } = (await attempt(company.email, company.password, office)).body;
    for (let i = 0; i <= FREE_ATTEMPTS; i++) await attempt(company.email, "a colleague's guess", office);
    expect((await attempt(company.email, company.password, office)).status).toBe(429);
    expect((await attempt(company.email, company.password, office, { device_token })).status).toBe(200);
  });

  it("at the sign-in do not stop a change of password in a live session", async () => {
    const company = await registerCompany();
    const ip = source();
    const { send } = authService();
    for (let i = 0; i <= FREE_ATTEMPTS; i++)
      await send("POST", "/auth/login", { email: company.email, password: "a guess" }, { ip });
    const body = { current_password: company.password, new_password: "a pass phrase nobody knows" };
    expect((await send("POST", "/auth/me/password", body, { ip, token: company.token })).status).toBe(204);
  });
});

describe("asking for resets", () => {
  it("is bounded by the hour for an account, from one source and from many, known or not", async () => {
    const { email } = await registerCompany();
    const { send } = authService({}, midHour);
    for (const address of [email, `${unique()}@example.com`]) {
      const ask = (ip: string) => send("POST", "/auth/forgot-password", { email: address }, { ip });
      const one = source();
      const statuses = [];
      for (let i = 0; i <= allowances.forgot_pair.limit; i++) statuses.push((await ask(one)).status);
      expect(statuses).toEqual([...Array(allowances.forgot_pair.limit).fill(202), 429]);
      const rest = [];
      for (let i = allowances.forgot_pair.limit; i <= allowances.forgot_account.limit; i++)
        rest.push((await ask(source())).status);
      expect(rest.slice(0, -1)).toEqual(Array(rest.length - 1).fill(202));
      expect(rest.at(-1)).toBe(429);
    }
  });
});

describe("a password", () => {
  const decomposed = "  Zu\u0308rich\u00a0und Cafe\u0301 am See  ";
  const composed = "Z\u00fcrich und Caf\u00e9 am See";

  it("is the same however its characters are composed and whatever spaces stand at its ends", async () => {
    const company = await registerCompany();
    const body = { current_password: `  ${company.password} `, new_password: decomposed };
    expect((await company.call("POST", "/auth/me/password", body)).status).toBe(204);
    for (const password of [decomposed, composed, `\u2003${composed}\t`])
      expect((await call("POST", "/auth/login", { body: { email: company.email, password } })).status).toBe(200);
    const other = { email: company.email, password: composed.toLowerCase() };
    expect((await call("POST", "/auth/login", { body: other })).status).toBe(401);
  });
});

async function ownerOf(id: string) {
  const { table } = stackPlatform();
  const user = await table.of(PLATFORM).get(userItem, { id });
  if (user === undefined) throw new Error("there is no such user");
  return user;
}
