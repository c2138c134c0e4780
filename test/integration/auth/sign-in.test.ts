import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { describe, expect, inject, it } from "vitest";
import type { AuthDeps } from "../../../functions/auth/deps.ts";
import * as handlers from "../../../functions/auth/handlers.ts";
import { operations } from "../../../functions/auth/operations.ts";
import { connectCognito } from "../../../functions/auth/sessions/cognito.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { registerCompany, unique } from "../../support/api.ts";
import { awsConfig, stackPlatform } from "../../support/stack.ts";

const ADDRESS_LIMIT = 3;

/** The sign-in operation in this process, on the deployed table and pool, with every call to them written down. */
function signIn() {
  // The middle of a minute: attempts are counted by the minute.
  const now = new Date();
  now.setUTCSeconds(30);
  const platform = stackPlatform({ now: () => now });
  const calls: string[] = [];
  const { outputs } = inject("stack");
  const pool = new CognitoIdentityProviderClient(awsConfig());
  platform.table.client.middlewareStack.add(
    (next, context) => (args) => {
      calls.push(String(context.commandName));
      return next(args);
    },
    { step: "initialize" },
  );
  pool.middlewareStack.add(
    (next, context) => (args) => {
      calls.push(String(context.commandName));
      return next(args);
    },
    { step: "initialize" },
  );
  const deps: AuthDeps = {
    table: platform.table,
    secrets: platform.secrets,
    identities: connectCognito(
      { userPoolId: outputs.UserPoolId ?? "", clientId: outputs.UserPoolClientId ?? "" },
      pool,
    ),
    randomSecret: () => "s".repeat(43),
    attempts_per_address: ADDRESS_LIMIT,
  };
  const dispatch = createDispatcher(operations, handlers, platform, deps);
  return {
    calls,
    async attempt(email: string, password: string, ip: string) {
      calls.length = 0;
      const body = JSON.stringify({ email, password });
      const headers = { "content-type": "application/json" };
      const answer = await dispatch({ method: "POST", path: "/api/v1/auth/login", query: "", headers, body, ip });
      return { status: answer.status, headers: answer.headers, calls: [...calls] };
    },
  };
}

/** An address of the range for documentation that no other test uses. */
const address = (): string => `2001:db8::${unique("").slice(1, 5)}:${unique("").slice(1, 5)}`;

describe("signing in", () => {
  it("does the same work for an unknown user as for a wrong password", async () => {
    const { email } = await registerCompany();
    const { attempt } = signIn();
    const wrong = await attempt(email, "not the password", address());
    const unknown = await attempt(`${unique()}@example.com`, "not the password", address());
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.calls).toContain("AdminInitiateAuthCommand");
    expect(unknown.calls).toEqual(wrong.calls);
  });

  it("is refused beyond a number of attempts a minute from one address, whoever they are for", async () => {
    const { attempt } = signIn();
    const ip = address();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => attempt(`${unique()}@example.com`, "a password", ip)),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(ADDRESS_LIMIT).fill(401), ...Array(8 - ADDRESS_LIMIT).fill(429)]);
    for (const { headers } of answers.filter(({ status }) => status === 429))
      expect(Number(headers["retry-after"])).toBeGreaterThan(0);
    expect((await attempt(`${unique()}@example.com`, "a password", address())).status).toBe(401);
  });
});
