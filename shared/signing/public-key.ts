import { createPublicKey, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import { canonicalJson } from "../expressions/json.ts";
import { sha256 } from "../hash.ts";

/** The public half of a key of the deployment, in the forms in which programs take one. */
export interface PublicKey {
  /** RFC 7638: the hash of what the key is. Whoever has the key can name it by themselves. */
  readonly key_id: string;
  readonly pem: string;
  readonly jwk: { readonly kty: string; readonly crv: string; readonly x: string; readonly y: string };
}

const lines = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n");

/**
 * A key on the curve P-256.
 * @throws Error for what is no such key
 */
function describe(key: KeyObject): PublicKey {
  const { kty, crv, x, y }: JsonWebKey = key.export({ format: "jwk" });
  if (kty !== "EC" || crv !== "P-256" || x === undefined || y === undefined) throw new Error("is no key on P-256");
  const jwk = { crv, kty, x, y };
  const der = key.export({ format: "der", type: "spki" });
  return {
    key_id: sha256(canonicalJson(jwk)),
    pem: `-----BEGIN PUBLIC KEY-----\n${lines(der)}\n-----END PUBLIC KEY-----\n`,
    jwk,
  };
}

/** As AWS gives it: the DER of its SubjectPublicKeyInfo. */
export const publicKeyOfDer = (der: Uint8Array): PublicKey =>
  describe(createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" }));

/** @throws Error for a text that is no PEM of such a key */
export const publicKeyOfPem = (pem: string): PublicKey => describe(createPublicKey(pem));

/** Whether this key has signed the statement: ECDSA with SHA-256, DER, in base64. */
export function isSignedBy({ pem }: Pick<PublicKey, "pem">, statement: string, signature: string): boolean {
  try {
    const bytes = Buffer.from(signature, "base64");
    return bytes.toString("base64") === signature && verify("sha256", Buffer.from(statement), pem, bytes);
  } catch {
    return false;
  }
}
