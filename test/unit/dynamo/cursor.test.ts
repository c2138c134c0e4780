import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor, queryFingerprint } from "../../../shared/dynamo/cursor.ts";

const refused = expect.objectContaining({ code: "invalid_cursor", status: 422 });
const attempt = (fingerprint: string, cursor: string): unknown => {
  try {
    return decodeCursor(fingerprint, cursor);
  } catch (error) {
    return error;
  }
};

describe("a cursor", () => {
  it("gives its place back to the list that made it, and to no other", () => {
    const key = fc.dictionary(
      fc.string({ minLength: 1 }).filter((name) => name !== "__proto__"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), key, (own, other, place) => {
        const cursor = encodeCursor(queryFingerprint(own), place);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(attempt(queryFingerprint(own), cursor)).toEqual({ ...place });
        fc.pre(JSON.stringify(own) !== JSON.stringify(other));
        expect(attempt(queryFingerprint(other), cursor)).toEqual(refused);
      }),
    );
  });

  it("that is no cursor is refused, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString("base64url")),
        ),
        (text) => {
          expect(attempt("AAAAAAAAAAAAAAAA", text)).toEqual(refused);
        },
      ),
    );
  });
});
