import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export const POOL = "us-east-1_Benchmark";
export const CLIENT = "benchmarkclient";

export interface Issuer {
  readonly publicKey: KeyObject;
  /** The public key as it stands in a key set. */
  readonly jwk: object;
  /** The key set as a pool gives it, in JSON. */
  readonly key_set: string;
  /** Serves the key set where a user pool's stands, for the verifier to fetch once. */
  readonly endpoint: string;
  /** A signed access token as Cognito makes them; a serial number makes each one new. Claims that are given replace these. */
  token(user_id: string, origin_jti: string, serial: number, claims?: Readonly<Record<string, unknown>>): string;
  close(): Promise<void>;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token issuer with an RSA key of 2048 bits, the size of Cognito's. */
export async function startIssuer(kid = "benchmark-key"): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" };
  const keys = JSON.stringify({ keys: [jwk] });
  const server: Server = createServer((_, response) => response.end(keys));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const header = encode({ kid, alg: "RS256" });
  return {
    publicKey,
    jwk,
    key_set: keys,
    endpoint: `http://127.0.0.1:${port}`,
    token(user_id, origin_jti, serial, more = {}) {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        sub: user_id,
        iss: `https://cognito-idp.us-east-1.amazonaws.com/${POOL}`,
        client_id: CLIENT,
        origin_jti,
        event_id: "0a1b2c3d-0000-4000-8000-000000000000",
        token_use: "access",
        scope: "aws.cognito.signin.user.admin",
        auth_time: now,
        exp: now + 3_600,
        iat: now,
        jti: `jti-${serial}`,
        username: user_id,
        ...more,
      };
      const signed = `${header}.${encode(claims)}`;
      return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), privateKey).toString("base64url")}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The least that tells whether a token is genuine: one signature check, no claim looked at. */
export function bareVerify(token: string, publicKey: KeyObject): boolean {
  const dot = token.lastIndexOf(".");
  return verify(
    "RSA-SHA256",
    Buffer.from(token.slice(0, dot)),
    publicKey,
    Buffer.from(token.slice(dot + 1), "base64url"),
  );
}
