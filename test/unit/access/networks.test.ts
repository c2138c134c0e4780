import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeNetwork } from "../../../shared/access/network-text.ts";
import { isWithin } from "../../../shared/access/networks.ts";

describe("a network", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7/32"],
    [" 192.0.2.7/24 ", "192.0.2.0/24"],
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8:0:0::1", "2001:db8::1/128"],
    ["2001:db8:1234:5678::1/48", "2001:db8:1234::/48"],
    ["::ffff:192.0.2.7", "192.0.2.7/32"],
    ["::ffff:192.0.2.0/120", "192.0.2.0/24"],
    ["::/0", "::/0"],
  ])("%s is kept as %s", (text, kept) => {
    expect(normalizeNetwork(text)).toBe(kept);
    expect(normalizeNetwork(kept)).toBe(kept);
  });

  it.each([
    "",
    "example.com",
    "192.0.2.0/33",
    "2001:db8::/129",
    "192.0.2.0/",
    "192.0.2.0/024",
    "192.0.2.0/-1",
    "192.0.2.0/8/8",
    "0x7f.1",
    "127.1",
    "010.0.0.1",
    "2130706433",
    "fe80::1%eth0",
    "[2001:db8::1]",
  ])("%s is none", (text) => {
    expect(normalizeNetwork(text)).toBeUndefined();
  });
});

describe("an address", () => {
  it("lies in a network that begins as it does, of its own kind, wrapped or not", () => {
    expect(isWithin("192.0.2.7", ["192.0.2.0/24"])).toBe(true);
    expect(isWithin("::ffff:192.0.2.7", ["192.0.2.0/24"])).toBe(true);
    expect(isWithin("192.0.3.7", ["192.0.2.0/24", "10.0.0.0/8"])).toBe(false);
    expect(isWithin("2001:db8::7", ["192.0.2.0/24", "2001:db8::/32"])).toBe(true);
    expect(isWithin("2001:db9::7", ["2001:db8::/32"])).toBe(false);
    expect(isWithin("192.0.2.7", ["::/0"])).toBe(false);
    expect(isWithin("192.0.2.7", ["0.0.0.0/0"])).toBe(true);
  });

  it("that is none lies nowhere", () => {
    for (const text of ["", "unknown", "127.1", "fe80::1%lo"])
      expect(isWithin(text, ["0.0.0.0/0", "::/0"]), text).toBe(false);
  });

  it("lies in every network that is made of it, and in none of its sibling", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 32 }), (address, bits) => {
        const network = normalizeNetwork(`${address}/${bits}`) ?? "";
        expect(isWithin(address, [network])).toBe(true);
        const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
        const other = (number ^ (1 << (32 - bits))) >>> 0;
        const sibling = [24, 16, 8, 0].map((shift) => (other >>> shift) & 255).join(".");
        expect(isWithin(sibling, [network])).toBe(false);
      }),
    );
  });
});
