import { inject } from "vitest";
import { createAuthenticator } from "../../shared/access/authenticate.ts";
import { createKeyAuthenticator } from "../../shared/access/keys/authenticate.ts";
import { Pepper } from "../../shared/access/keys/pepper.ts";
import { createTokenVerifier } from "../../shared/access/token.ts";
import type { Handlers } from "../../shared/http/call.ts";
import { createDispatcher } from "../../shared/http/dispatch.ts";
import type { OperationShape } from "../../shared/http/operation.ts";
import { API_BASE } from "../../shared/http/operation.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { type ApiAnswer, answerOf, requestOf } from "./api.ts";
import { interrupted } from "./interrupted.ts";
import { stackPlatform } from "./stack.ts";

/** A room's operations, as its function serves them. */
export interface Served<T extends Readonly<Record<string, OperationShape>>, D> {
  readonly operations: T;
  readonly handlers: Handlers<T, D>;
  readonly deps: D;
}

/** A request with an access token or an API key. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly token: string;
}

/**
 * The moments of a request in which what it has read may change: it was permitted, its rights were read and nothing else; or all was
 * judged, and its first transaction is sent.
 */
export const moments = ["permitted", "judged"] as const;

/**
 * Asks a room inside the test's process.
 * @param meanwhile what happens at this moment of the request
 */
export async function askWhile<T extends Readonly<Record<string, OperationShape>>, D>(
  { operations, handlers, deps }: Served<T, D>,
  { method, path, body, token }: Asked,
  meanwhile: () => Promise<unknown>,
  moment: (typeof moments)[number] = "permitted",
): Promise<ApiAnswer> {
  const permitted = moment === "permitted";
  const platform = { ...stackPlatform(), ...(permitted ? {} : { table: interrupted(meanwhile) }) };
  const { endpoint, outputs } = inject("stack");
  const authenticate = createAuthenticator(
    platform.table,
    createTokenVerifier({ userPoolId: outputs.UserPoolId ?? "", endpoint }),
    createKeyAuthenticator(platform.table, new Pepper(platform.table, platform.secrets)),
  );
  const thenSomething: Platform["authenticate"] = async (...request) => {
    const who = await authenticate(...request);
    if (permitted) await meanwhile();
    return who;
  };
  const within = permitted ? deps : { ...deps, table: platform.table };
  const dispatch = createDispatcher(operations, handlers, { ...platform, authenticate: thenSomething }, within);
  const { headers, body: text } = requestOf({ token, body });
  const [place = "", query = ""] = path.split("?");
  const answer = await dispatch({ method, path: API_BASE + place, query, headers, body: text, ip: "127.0.0.1" });
  return answerOf(answer.status, new Headers(answer.headers), String(answer.body));
}
