import { X509Certificate } from "node:crypto";
import { timestamp } from "../../../../shared/clock.ts";
import { CERTIFICATE_CHARACTERS, CERTIFICATES, type Certificate } from "../model.ts";

/** Shorter keys of RSA are no protection any more (NIST SP 800-131A). */
const RSA_BITS = 2_048;

type Read<T> = T | { readonly problem: string };

/** Reads one certificate: base64 of DER and nothing beside it. */
function certificateOf(text: string): Read<Certificate> {
  const der = text.replaceAll(/\s+/g, "");
  if (der.length > CERTIFICATE_CHARACTERS)
    return { problem: `has a certificate of more than ${CERTIFICATE_CHARACTERS} characters` };
  const none = { problem: "has a certificate that is none" };
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(der)) return none;
  let read: X509Certificate;
  try {
    read = new X509Certificate(Buffer.from(der, "base64"));
  } catch {
    return none;
  }
  if (read.raw.toString("base64") !== der) return none;
  const { validFromDate, validToDate, publicKey, fingerprint256 } = read;
  if (Number.isNaN(validFromDate.getTime()) || Number.isNaN(validToDate.getTime())) return none;
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  if (asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS)
    return { problem: `has a certificate with an RSA key of less than ${RSA_BITS} bits` };
  return {
    fingerprint: fingerprint256.replaceAll(":", "").toLowerCase(),
    not_before: timestamp(validFromDate),
    not_after: timestamp(validToDate),
    der,
  };
}

/** A provider may not sign with it any more. */
export const isOver = ({ not_after }: Pick<Certificate, "not_after">, at: Date): boolean =>
  Date.parse(not_after) <= at.getTime();

export const isValid = (one: Pick<Certificate, "not_before" | "not_after">, at: Date): boolean =>
  Date.parse(one.not_before) <= at.getTime() && !isOver(one, at);

/**
 * The certificates among texts of metadata, each once, the one that ends last first. Those that are over are left out
 * where others are not: providers leave old ones in.
 */
export function certificatesAmong(texts: readonly string[], at: Date): Read<readonly Certificate[]> {
  if (texts.length === 0) return { problem: "has no signing certificate" };
  const found = new Map<string, Certificate>();
  for (const text of texts) {
    const one = certificateOf(text);
    if ("problem" in one) return one;
    found.set(one.fingerprint, one);
  }
  const all = [...found.values()].sort((a, b) => b.not_after.localeCompare(a.not_after));
  const left = all.filter((one) => !isOver(one, at));
  if (left.length === 0)
    return { problem: `has only signing certificates that have expired, the last on ${all[0]?.not_after}` };
  if (!left.some((one) => isValid(one, at))) return { problem: "has no signing certificate that is valid yet" };
  if (left.length > CERTIFICATES) return { problem: `has more than ${CERTIFICATES} signing certificates` };
  return left;
}
