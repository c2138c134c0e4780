import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import { registrationItem, registrationTokenContext } from "../../functions/auth/registration/store.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { stackPlatform } from "./stack.ts";

/** An answer of the API as tests look at it. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly body: any;
  readonly text: string;
}

export interface CallOptions {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Sends these bytes instead of JSON of `body`. */
  readonly raw?: string;
}

export const apiBase = (): string => `${inject("stack").apiUrl}/api/v1`;

/** Headers and body of a call. */
export function requestOf({ token, body, raw, headers = {} }: CallOptions): {
  readonly headers: Record<string, string>;
  readonly body?: string;
} {
  const sends = body !== undefined || raw !== undefined;
  return {
    headers: {
      ...(sends ? { "content-type": "application/json" } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(sends ? { body: raw ?? JSON.stringify(body) } : {}),
  };
}

export function answerOf(status: number, headers: Headers, text: string): ApiAnswer {
  const isJson = /[/+]json\b/.test(headers.get("content-type") ?? "");
  return { status, headers, text, body: isJson && text !== "" ? JSON.parse(text) : undefined };
}

/** One HTTPS-like call to the deployed API; never throws for an error status. */
export async function call(method: string, path: string, options: CallOptions = {}): Promise<ApiAnswer> {
  const answer = await fetch(`${apiBase()}${path}`, { method, ...requestOf(options) });
  return answerOf(answer.status, answer.headers, await answer.text());
}

/** A registered company with its owner signed in; calls with the owner's token. */
export interface Company {
  readonly token: string;
  readonly refresh_token: string;
  readonly email: string;
  readonly password: string;
  readonly user_id: string;
  readonly organization_id: string;
  readonly workspace_id: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
}

export const unique = (prefix = "x"): string => `${prefix}-${randomBytes(6).toString("hex")}`;

/**
 * The token that a registration's mail brings, read where the mail function reads it: tests that are not about mail do
 * not wait for one.
 */
export async function proofOf(registration_id: string): Promise<string> {
  const { table, secrets } = stackPlatform();
  const registration = await table.of(PLATFORM).get(registrationItem, { id: registration_id });
  if (registration === undefined) throw new Error(`there is no registration ${registration_id}`);
  return secrets.decrypt(registration.sealed_token, registrationTokenContext(registration_id));
}

/** Registers through the API and proves the address. */
export async function register(person: { email: string; password: string; name?: string; organization_name: string }) {
  const { email, password, name = "Owner", organization_name } = person;
  const registered = await call("POST", "/auth/register", { body: { email, name, organization_name } });
  if (registered.status !== 202) throw new Error(`registration failed: ${registered.status} ${registered.text}`);
  const token = await proofOf(registered.body.registration_id);
  return call("POST", "/auth/verify-email", { body: { token, password } });
}

/** Registers a new company through the API; each test file has its own. */
export async function registerCompany(name = unique("Company")): Promise<Company> {
  const email = `${unique("owner")}@example.com`;
  const password = "correct horse battery staple";
  const answer = await register({ email, password, organization_name: name });
  if (answer.status !== 201) throw new Error(`registration failed: ${answer.status} ${answer.text}`);
  const { user, organization, workspace, tokens } = answer.body;
  return {
    token: tokens.access_token,
    refresh_token: tokens.refresh_token,
    email,
    password,
    user_id: user.id,
    organization_id: organization.id,
    workspace_id: workspace.id,
    call: (method, path, body, headers = {}) => call(method, path, { token: tokens.access_token, body, headers }),
  };
}

/** Waits until the probe gives a value; for what happens behind the API. Fails with the last thing seen. */
export async function eventually<T>(probe: () => Promise<T | undefined>, what: string, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`did not happen within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
