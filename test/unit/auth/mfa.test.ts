import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { otpauthUri, SECRET_BYTES, secretOf, stepOf } from "../../../functions/auth/mfa/lazy/totp.ts";
import { hashOf, recoveryCode, typedCode } from "../../../functions/auth/mfa/rules/recovery.ts";

/** The secret of RFC 6238's test vectors, in base 32. */
const secret = secretOf(Buffer.from("12345678901234567890"));
const at = (seconds: number) => new Date(seconds * 1000);

describe("a code of an authenticator app", () => {
  it.each([
    [59, "287082"],
    [1111111109, "081804"],
    [1111111111, "050471"],
    [1234567890, "005924"],
    [2000000000, "279037"],
    [20000000000, "353130"],
  ])("at %d is the one of RFC 6238, cut to six digits", (seconds, code) => {
    expect(stepOf(secret, code, at(seconds))).toBe(Math.floor(seconds / 30));
  });

  it("counts one step early and one late, as the step that it is of, and no further", () => {
    const code = "287082";
    expect([29, 30, 59, 60, 89, 90].map((seconds) => stepOf(secret, code, at(seconds)))).toEqual([
      1,
      1,
      1,
      1,
      1,
      undefined,
    ]);
    expect(stepOf(secret, code, at(120))).toBeUndefined();
  });

  it("is nothing when it has other digits, more or fewer", () => {
    for (const code of ["287083", "28708", "2870822", "", "abcdef"])
      expect(stepOf(secret, code, at(59)), code).toBeUndefined();
  });

  it("comes of a secret that an app reads with whose it is", () => {
    expect(secret).toBe("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    const uri = new URL(otpauthUri(secret, "ada+1@example.com"));
    expect([uri.protocol, uri.host]).toEqual(["otpauth:", "totp"]);
    expect(decodeURIComponent(uri.pathname)).toBe("/Kaizen Studio:ada+1@example.com");
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: "Kaizen Studio",
      secret,
      algorithm: "SHA1",
      digits: "6",
      period: "30",
    });
    expect(SECRET_BYTES).toBe(20);
  });
});

describe("a recovery code", () => {
  it("is known again however it is typed, and by its own factor only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 10, maxLength: 32 }), (random) => {
        const code = recoveryCode(random);
        expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
        const hash = hashOf(secret, code);
        expect(hashOf(secret, ` ${code.replace("-", "").toLowerCase()} `)).toBe(hash);
        expect(hashOf(secret, code.replaceAll("0", "o").replaceAll("1", "l"))).toBe(hash);
        expect(hashOf(`${secret}A`, code)).not.toBe(hash);
        expect(typedCode(code)).toHaveLength(10);
      }),
    );
  });
});
