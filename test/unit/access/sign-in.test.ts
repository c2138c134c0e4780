import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatRefreshToken,
  normalizePassword,
  parseRefreshToken,
  passwordSchema,
} from "../../../functions/auth/model.ts";
import { mayRegister } from "../../../functions/auth/registration/rules/policy.ts";
import { backOffSeconds, FREE_ATTEMPTS, originOf } from "../../../functions/auth/throttle/model.ts";
import { slugify, slugSchema } from "../../../functions/organizations/model.ts";

describe("a slug made from a name", () => {
  it("is always a slug that the API takes", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "grapheme", maxLength: 200 }), fc.stringMatching(/^[-a-zÄ ]{0,90}$/)),
        (name) => {
          expect(slugSchema.safeParse(slugify(name)).success, name).toBe(true);
        },
      ),
    );
    expect(slugify("  Müller & Söhne GmbH!")).toBe("mu-ller-so-hne-gmbh");
    expect(slugify("日本")).toBe("organization");
  });
});

describe("the wait after failed attempts", () => {
  it("is none at first, then doubles, and never passes a quarter of an hour", () => {
    const waits = Array.from({ length: 60 }, (_, attempts) => backOffSeconds(attempts));
    expect(waits.slice(0, FREE_ATTEMPTS).every((wait) => wait === 0)).toBe(true);
    expect(waits.slice(FREE_ATTEMPTS, FREE_ATTEMPTS + 6)).toEqual([30, 60, 120, 240, 480, 900]);
    expect(waits.every((wait, i) => i === 0 || wait >= (waits[i - 1] ?? 0))).toBe(true);
    expect(Math.max(...waits)).toBe(900);
  });
});

describe("a refresh token", () => {
  it("reads back as it was made, and nothing else reads as one", () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/);
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), secret, (sub, origin_jti, value) => {
        expect(parseRefreshToken(formatRefreshToken({ sub, origin_jti }, value))).toEqual({
          sub,
          origin_jti,
          secret: value,
        });
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseRefreshToken(text)).toBeUndefined();
      }),
    );
  });
});

describe("a password that is set", () => {
  const takes = (text: string) => passwordSchema.safeParse(text).success;

  it("has no space at either end, is composed, and stays itself when it is normalized again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (typed) => {
        const kept = normalizePassword(typed);
        expect(kept).toBe(kept.trim());
        expect(normalizePassword(kept)).toBe(kept);
        for (const form of ["NFC", "NFD"] as const) expect(normalizePassword(` ${typed.normalize(form)} `)).toBe(kept);
      }),
    );
  });

  it("is counted as it is kept, in characters, and has no control characters", () => {
    expect(takes("twelve chars")).toBe(true);
    expect(takes(" eleven chr ")).toBe(false);
    expect(takes("😀".repeat(11))).toBe(false);
    expect(takes("😀".repeat(12))).toBe(true);
    expect(takes(`${" ".repeat(300)}twelve chars`)).toBe(true);
    expect(takes("x".repeat(257))).toBe(false);
    expect(takes("twelve\nchars")).toBe(false);
  });
});

describe("where a request comes from", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7", "203.0.113.0/24"],
    ["::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"],
    ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64", "2001:db8:1::/48"],
    ["2001:db8::1", "2001:db8:0:0::/64", "2001:db8:0::/48"],
    ["::1", "0:0:0:0::/64", "0:0:0::/48"],
    ["unix", "unix", "unix"],
  ])("%s is the source %s in the block %s", (ip, source, block) => {
    expect(originOf(ip)).toEqual({ source, block });
  });
});

describe("who may register", () => {
  const code = (open: boolean, domains: string[], email: string) => mayRegister({ open, domains }, email)?.code;

  it("is everybody, nobody, or whoever has an address of one of the domains, not of their subdomains", () => {
    expect(code(true, [], "ada@example.com")).toBeUndefined();
    expect(code(false, [], "ada@example.com")).toBe("registration_closed");
    expect(code(false, ["example.com"], "ada@example.com")).toBe("registration_closed");
    expect(code(true, ["example.com"], "ada@example.com")).toBeUndefined();
    expect(code(true, ["example.com"], "ada@sub.example.com")).toBe("registration_closed");
    expect(code(true, ["example.com"], "example.com@evil.example")).toBe("registration_closed");
  });
});
