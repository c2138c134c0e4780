import { inject } from "vitest";
import { type ApiAnswer, answerOf, type Company, unique } from "./api.ts";

/** A company's directory: calls SCIM with its token. */
export interface Directory {
  readonly token: string;
  readonly token_id: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
}

/** One call to `/scim/v2`; never throws for an error status. */
export async function scim(
  method: string,
  path: string,
  { token, body, headers = {} }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<ApiAnswer> {
  const answer = await fetch(`${inject("stack").apiUrl}/scim/v2${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/scim+json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return answerOf(answer.status, answer.headers, await answer.text());
}

/** Makes a token for a company's directory. */
export async function directoryOf(company: Company): Promise<Directory> {
  const made = await company.call("POST", "/scim/tokens", { name: unique("Directory") });
  if (made.status !== 201) throw new Error(`no token: ${made.status} ${made.text}`);
  const { token, id } = made.body;
  return {
    token,
    token_id: id,
    call: (method, path, body, headers = {}) => scim(method, path, { token, body, headers }),
  };
}
