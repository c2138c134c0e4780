import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { type Issuer, POOL, startIssuer } from "../../../bench/support/tokens.ts";
import { createTokenVerifier, rememberVerified, type TokenClaims } from "../../../shared/access/token.ts";

const at = (second: number) => new Date(second * 1000);
const claims = (expires_at_epoch: number): TokenClaims => ({
  sub: "s",
  origin_jti: "o",
  client_id: "c",
  username: "usr",
  expires_at_epoch,
});

describe("a verified token", () => {
  it("is verified once, and not remembered beyond its expiry", async () => {
    let verified = 0;
    const tokens = rememberVerified(async () => {
      verified++;
      return claims(100);
    });
    await tokens.verify("t", at(1));
    expect(await tokens.verify("t", at(99))).toEqual(claims(100));
    expect(verified).toBe(1);
    await expect(tokens.verify("t", at(100))).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("that was refused is asked for again, and the reason stays inside", async () => {
    let answers = 0;
    const tokens = rememberVerified(async () => {
      answers++;
      throw new Error("signature is wrong");
    });
    for (const _ of [1, 2]) {
      const refused = await tokens.verify("t", at(1)).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: "unauthenticated", detail: "The request has no valid credential." });
    }
    expect(answers).toBe(2);
  });

  it("takes room of the oldest when many are remembered", async () => {
    const seen: string[] = [];
    const tokens = rememberVerified(async (token) => {
      seen.push(token);
      return claims(100);
    });
    for (let i = 0; i <= 2_000; i++) await tokens.verify(`t${i}`, at(1));
    await tokens.verify("t2000", at(1));
    expect(seen).toHaveLength(2_001);
    await tokens.verify("t0", at(1));
    expect(seen).toHaveLength(2_002);
  });
});

describe("the keys that tokens are signed with", () => {
  const close: (() => unknown)[] = [];
  afterAll(() => Promise.all(close.map((one) => one())));

  it("are fetched when a token names one that is not here, and not again", async () => {
    const [first, second, stranger] = await Promise.all(["one", "two", "one"].map((kid) => startIssuer(kid)));
    let keys = [first?.jwk];
    let fetched = 0;
    const pool = createServer((_, response) => {
      fetched++;
      response.end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => pool.listen(0, "127.0.0.1", resolve));
    close.push(() => pool.close(), ...[first, second, stranger].map((issuer) => () => issuer?.close()));
    const endpoint = `http://127.0.0.1:${(pool.address() as AddressInfo).port}`;
    const tokens = createTokenVerifier({ userPoolId: POOL, endpoint });
    const verify = (issuer: Issuer | undefined, serial: number) =>
      tokens.verify(issuer?.token("user", "family", serial) ?? "", new Date());

    for (const serial of [1, 2, 3]) expect(await verify(first, serial)).toMatchObject({ sub: "user" });
    expect(fetched).toBe(1);
    keys = [first?.jwk, second?.jwk];
    for (const serial of [4, 5]) expect(await verify(second, serial)).toMatchObject({ sub: "user" });
    expect(fetched).toBe(2);
    await expect(verify(stranger, 6)).rejects.toMatchObject({ code: "unauthenticated" });
    expect(fetched).toBe(2);

    // Of any client of the pool, but no machine's and no other use.
    const token = (claims: object) => first?.token("user", "family", 7, { ...claims }) ?? "";
    expect(await tokens.verify(token({ client_id: "another" }), new Date())).toMatchObject({ client_id: "another" });
    for (const claims of [
      { origin_jti: undefined },
      { username: undefined },
      { token_use: "id" },
      { iss: "https://a" },
    ])
      await expect(tokens.verify(token(claims), new Date())).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
