import { describe, expect, it } from "vitest";
import { type Begun, begunCookie, begunIn } from "../../../functions/sso/flow/rules/begun.ts";
import { wayOut } from "../../../functions/sso/flow/start.ts";
import { newId } from "../../../shared/ids.ts";

const at = new Date("2026-03-01T10:00:00Z");
const begun = (minutes = 0, more: Partial<Begun> = {}): Begun => {
  const now = new Date(at.getTime() + minutes * 60_000);
  return {
    id: newId("sso_sign_in", now),
    secret: "s".repeat(43),
    lead: { organization_id: newId("organization", now), connection_id: newId("sso_connection", now) },
    way: {
      pool_client_id: "c".repeat(26),
      provider_name: `k${"f".repeat(31)}`,
      callback_url: "https://studio.example.com/api/v1/sso/callback",
      kind: "oidc",
    },
    app: { redirect_uri: "https://studio.example.com/signed-in", state: "s", code_challenge: "h".repeat(43) },
    expires_at: now.toISOString(),
    ...more,
  };
};

/** A browser, as far as its cookies go. */
function browser() {
  const jar = new Map<string, string>();
  const header = () => [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const set = (cookie: string) => {
    const [, name = "", value = "", rest = ""] = /^([^=]+)=([^;]*); (.*)$/.exec(cookie) ?? [];
    if (rest.includes("Max-Age=0;")) jar.delete(name);
    else jar.set(name, value);
  };
  return { jar, header, set, begin: (one: Begun) => set(begunCookie(header(), one, 600) ?? "") };
}

describe("the sign-in that a browser keeps", () => {
  it("is found by its id, and by no other", () => {
    const one = begun();
    const { begin, header } = browser();
    begin(one);
    expect(begunIn(header(), one.id)?.begun).toEqual(one);
    expect(begunIn(header(), begun().id)).toBeUndefined();
    expect(begunIn("", one.id)).toBeUndefined();
  });

  it("is sent to the one page of this origin only, and to no script", () => {
    expect(begunCookie("", begun(), 600)).toMatch(
      /^__Host-sso-begun-0=[\w-]+; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/,
    );
  });

  it("stands beside those of other tabs, of which the oldest makes room for a fifth", () => {
    const { begin, header, jar, set } = browser();
    const all = [0, 1, 2, 3, 4].map((minutes) => begun(minutes));
    all.forEach(begin);
    expect(all.map(({ id }) => begunIn(header(), id) !== undefined)).toEqual([false, true, true, true, true]);
    expect(jar.size).toBe(4);
    set(begunIn(header(), all[2]?.id ?? "")?.ended ?? "");
    const next = begun(5);
    begin(next);
    expect(all.map(({ id }) => begunIn(header(), id) !== undefined)).toEqual([false, true, false, true, true]);
    expect(begunIn(header(), next.id)?.begun).toEqual(next);
  });

  it("is never so long that a browser would drop it, or a gateway refuse all four", () => {
    const app = (state: string) => ({ ...begun().app, state });
    expect(begunCookie("", begun(0, { app: app("s".repeat(1_500)) }), 600)).toBeUndefined();
    const long = begunCookie("", begun(0, { app: app("s".repeat(500)) }), 600);
    expect(long?.length).toBeLessThan(2_048);
  });

  it.each([
    ["another member", { more: 1 }],
    ["no secret", { secret: "" }],
    ["no way", { way: undefined }],
  ])("is none with %s", (_, more) => {
    const one = begun();
    const value = Buffer.from(JSON.stringify({ ...one, ...more })).toString("base64url");
    expect(begunIn(`__Host-sso-begun-0=${value}`, one.id)).toBeUndefined();
  });

  it.each(["", "x", "e30", "%", "bnVsbA"])("is none of %j", (value) => {
    expect(begunIn(`a=b; __Host-sso-begun-0=${value}; c`, begun().id)).toBeUndefined();
  });
});

it("asks the provider for no choice of account, which the pool would not hand on", () => {
  const { id, secret, way } = begun();
  const asked: Readonly<Record<string, string>>[] = [];
  const authorize = (parameters: Readonly<Record<string, string>>) => {
    asked.push(parameters);
    return "https://pool.example";
  };
  const hosted = { authorize, exchange: async () => undefined, claims: async () => undefined };
  expect(wayOut({ hosted }, way, { id, secret })).toBe("https://pool.example");
  expect(asked.map((parameters) => Object.keys(parameters).sort())).toEqual([
    [
      ...["client_id", "code_challenge", "code_challenge_method", "identity_provider", "nonce"],
      ...["redirect_uri", "response_type", "scope", "state"],
    ],
  ]);
});
