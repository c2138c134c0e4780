import { randomBytes, randomUUID } from "node:crypto";
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { inject } from "vitest";
import type { AuthDeps } from "../../functions/auth/deps.ts";
import * as handlers from "../../functions/auth/handlers.ts";
import { operations } from "../../functions/auth/operations.ts";
import { invalidCredentials } from "../../functions/auth/passwords/prove.ts";
import { connectCognito, type IdentityProvider } from "../../functions/auth/sessions/cognito.ts";
import { newSession, openSession } from "../../functions/auth/sessions/open.ts";
import { userByEmail } from "../../functions/auth/store.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { Problem } from "../../shared/errors.ts";
import { createDispatcher } from "../../shared/http/dispatch.ts";
import { newId } from "../../shared/ids.ts";
import { newTrace } from "../../shared/tracing/context.ts";
import { awsConfig, stackPlatform } from "./stack.ts";

const thisHour = new Date();
thisHour.setUTCMinutes(30, 30);
/** A clock that stands in the middle of this hour: attempts are counted by the hour, and none may end meanwhile. */
export const midHour: Clock = { now: () => thisHour };

/** What a token says. */
export const claimsOf = (token: string): Record<string, string> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));

/** The deployed user pool. */
export function stackPool(): IdentityProvider {
  const { outputs } = inject("stack");
  return connectCognito(
    { userPoolId: outputs.UserPoolId ?? "", clientId: outputs.UserPoolClientId ?? "" },
    new CognitoIdentityProviderClient(awsConfig()),
  );
}

/** A pool of one account that answers at once and as often as it is asked, where the deployed one would be the bottleneck. */
export function memoryPool(account: { sub: string; password: string }): IdentityProvider {
  let { password } = account;
  const tokens = () => ({
    sub: account.sub,
    origin_jti: randomUUID(),
    access_token: randomUUID(),
    refresh_token: randomUUID(),
    expires_in: 900,
    client_id: "memory",
  });
  return {
    createUser: async () => account.sub,
    deleteUser: async () => {},
    setPassword: async (_, next) => {
      password = next;
    },
    signIn: async (_, tried) => (tried === password ? tokens() : undefined),
    refresh: async () => tokens(),
    revoke: async () => {},
  };
}

/** What the auth room's handlers are given, on the deployed table, key and pool; members that are given replace these. */
export function authDeps(more: Partial<AuthDeps> = {}): AuthDeps {
  const { table, secrets } = stackPlatform();
  return {
    table,
    secrets,
    identities: stackPool(),
    randomSecret: () => randomBytes(32).toString("base64url"),
    origin_factor: 1,
    registration: { open: true, domains: [] },
    ...more,
  };
}

/** An address that no other test uses, in a /64 and a /48 of its own; of the range for documentation. */
export const randomSource = (): string => {
  const group = () => randomBytes(2).toString("hex");
  return `2001:db8:${group()}:${group()}::1`;
};

interface Sent {
  /** Where the request comes from; one source for each service when it is left out. */
  readonly ip?: string;
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

/** The auth room's operations in this process, with a clock and dependencies of the test's own. */
export function authService(more: Partial<AuthDeps> = {}, clock: Clock = systemClock) {
  const platform = stackPlatform(clock);
  const deps = authDeps({ table: platform.table, secrets: platform.secrets, ...more });
  const dispatch = createDispatcher(operations, handlers, platform, deps);
  const home = randomSource();
  return {
    deps,
    platform,
    async send(method: string, path: string, body?: unknown, { token, ip = home, headers }: Sent = {}) {
      const answer = await dispatch({
        method,
        path: `/api/v1${path}`,
        query: "",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        ip,
      });
      const text = String(answer.body);
      return { status: answer.status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
    },
  };
}

/**
 * Signs in without the throttle: all that decides whether a session opens.
 * @param proved runs between the proof of the password and the opening
 * @returns undefined where the sign-in is refused
 */
export async function signInPastThrottle(
  identities: IdentityProvider,
  { email, password }: { email: string; password: string },
  proved: () => Promise<void> = async () => {},
) {
  const deps = authDeps({ identities });
  const at = new Date();
  const user = await userByEmail(deps.table, email);
  if (user === undefined) throw new Error("nobody has this address");
  const provider = await identities.signIn(user.id, password);
  if (provider === undefined) return undefined;
  await proved();
  const request = { id: newId("request", at), method: "POST", path: "/", ip: "192.0.2.1", user_agent: "test" };
  const { session, tokens } = await newSession(
    deps,
    user,
    provider,
    { method: "password" },
    { request, trace: newTrace(), place: null, at },
  );
  try {
    await openSession(deps, user, session, at, invalidCredentials, ({ writes }) => deps.table.transact(writes));
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
  return { session, tokens };
}
