import { type ApiAnswer, type Company, call, unique } from "./api.ts";

/** An API key, and calls with it. */
export interface TestKey {
  readonly id: string;
  readonly key: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
}

/** Calls as whoever has this key. */
export const withKey = (id: string, key: string): TestKey => ({
  id,
  key,
  call: (method, path, body, headers = {}) => call(method, path, { token: key, body, headers }),
});

/** Makes a key of whoever calls; with everything that they may, unless told. */
export async function apiKey(caller: Pick<Company, "call">, body: object = {}): Promise<TestKey> {
  const made = await caller.call("POST", "/api-keys", {
    name: unique("Key"),
    scopes: ["*"],
    rate_limit: 10_000,
    ...body,
  });
  if (made.status !== 201) throw new Error(`no key: ${made.status} ${made.text}`);
  return withKey(made.body.id, made.body.key);
}
