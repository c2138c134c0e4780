import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { expect, inject, it } from "vitest";
import type { AuthDeps } from "../../../functions/auth/deps.ts";
import * as handlers from "../../../functions/auth/handlers.ts";
import { operations } from "../../../functions/auth/operations.ts";
import { connectCognito } from "../../../functions/auth/sessions/cognito.ts";
import { Problem } from "../../../shared/errors.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { call, registerCompany, unique } from "../../support/api.ts";
import { awsConfig, stackPlatform } from "../../support/stack.ts";

it("a password change that the pool did not learn of is not answered as done: the same request finishes it", async () => {
  const company = await registerCompany();
  const platform = stackPlatform();
  const { outputs } = inject("stack");
  const pool = connectCognito(
    { userPoolId: outputs.UserPoolId ?? "", clientId: outputs.UserPoolClientId ?? "" },
    new CognitoIdentityProviderClient(awsConfig()),
  );
  let failures = 1;
  const deps: AuthDeps = {
    table: platform.table,
    secrets: platform.secrets,
    identities: {
      ...pool,
      setPassword: async (user, password) => {
        if (failures-- > 0) throw new Problem("service_unavailable", "Later.", { headers: { "retry-after": "5" } });
        await pool.setPassword(user, password);
      },
    },
    randomSecret: () => "s".repeat(43),
    attempts_per_address: 100,
  };
  const dispatch = createDispatcher(operations, handlers, platform, deps);
  const new_password = "a pass phrase nobody knows";
  const request = {
    method: "POST",
    path: "/api/v1/auth/me/password",
    query: "",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${company.token}`,
      "idempotency-key": unique("key"),
    },
    body: JSON.stringify({ current_password: company.password, new_password }),
    ip: "2001:db8::77",
  };
  const signIn = (password: string) => call("POST", "/auth/login", { body: { email: company.email, password } });

  expect((await dispatch(request)).status).toBe(503);
  expect((await signIn(company.password)).status).toBe(200);
  expect((await dispatch(request)).status).toBe(204);
  expect((await signIn(new_password)).status).toBe(200);
  const replayed = await dispatch(request);
  expect([replayed.status, replayed.headers["idempotent-replayed"]]).toEqual([204, "true"]);
});
