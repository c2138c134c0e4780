import { describe, expect, it } from "vitest";
import { chooseEncoding } from "../../../functions/platform/model.ts";

describe("content codings", () => {
  it.each([
    ["", "identity"],
    ["identity", "identity"],
    ["gzip, deflate, br, zstd", "br"],
    ["GZIP;q=0.5", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["br;q=0, gzip;q=0.0", "identity"],
    ["*", "br"],
    ["*;q=0", "identity"],
    ["br;q=nonsense, deflate", "identity"],
  ])("a client that says %j gets %s", (header, expected) => {
    expect(chooseEncoding(header)).toBe(expected);
  });
});
