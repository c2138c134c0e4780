import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  backOffSeconds,
  FREE_ATTEMPTS,
  formatRefreshToken,
  parseRefreshToken,
  slugify,
} from "../../../functions/auth/model.ts";
import { slugSchema } from "../../../functions/organizations/model.ts";

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
      fc.property(fc.uuid(), secret, (origin_jti, value) => {
        expect(parseRefreshToken(formatRefreshToken(origin_jti, value))).toEqual({ origin_jti, secret: value });
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseRefreshToken(text)).toBeUndefined();
      }),
    );
  });
});
