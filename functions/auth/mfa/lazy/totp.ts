import { Secret, TOTP } from "otpauth";

/** What authenticator apps agree on (RFC 6238): SHA-1, six digits, 30 seconds. */
const PERIOD_SECONDS = 30;
const ISSUER = "Kaizen Studio";
/** Bytes of a secret: as many as the hash has (RFC 4226, 4). */
export const SECRET_BYTES = 20;
/** A clock may be wrong by one step either way, or the code was typed late. */
const SKEW_STEPS = 1;

/** A secret as it is typed into an app by hand: base 32. */
export const secretOf = (random: Uint8Array): string => {
  const { buffer } = Uint8Array.from(random.subarray(0, SECRET_BYTES));
  return new Secret({ buffer }).base32;
};

const totp = (secret: string, label = ""): TOTP =>
  new TOTP({ issuer: ISSUER, label, secret: Secret.fromBase32(secret), period: PERIOD_SECONDS });

/** What an app reads as a QR code. */
export const otpauthUri = (secret: string, email: string): string => totp(secret, email).toString();

/** The time step whose code this is; undefined when it is of none that counts now. */
export function stepOf(secret: string, code: string, at: Date): number | undefined {
  const timestamp = at.getTime();
  const delta = totp(secret).validate({ token: code, timestamp, window: SKEW_STEPS });
  return delta === null ? undefined : Math.floor(timestamp / 1000 / PERIOD_SECONDS) + delta;
}
