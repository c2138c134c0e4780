import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPublicAddress } from "../../../shared/outbound/addresses.ts";
import { checkUrl, defaultPolicy } from "../../../shared/outbound/url.ts";

const privateBlocks: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

const toNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toDotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
const hex = (value: number): string => value.toString(16);

/** Any address out of a block that must be refused, as a number. */
const privateNumber = fc
  .constantFrom(...privateBlocks)
  .chain(([network, prefix]) => fc.nat(2 ** (32 - prefix) - 1).map((offset) => toNumber(network) + offset));

const octets = (value: number): [number, number, number, number] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];

/** Every way to write one IPv4 address as a URL's host. */
const notations: Readonly<Record<string, (value: number) => string>> = {
  dotted: toDotted,
  decimal: (value) => String(value >>> 0),
  hexadecimal: (value) => `0x${hex(value >>> 0)}`,
  octal: (value) => `0${(value >>> 0).toString(8)}`,
  "hexadecimal parts": (value) =>
    octets(value)
      .map((part) => `0x${hex(part)}`)
      .join("."),
  "octal parts": (value) =>
    octets(value)
      .map((part) => `0${part.toString(8)}`)
      .join("."),
  "two parts": (value) => `${value >>> 24}.${value & 0xffffff}`,
  "three parts": (value) => `${value >>> 24}.${(value >>> 16) & 255}.${value & 0xffff}`,
  "leading zeros": (value) =>
    octets(value)
      .map((part) => `000${part.toString(8)}`)
      .join("."),
  "trailing dot": (value) => `${toDotted(value)}.`,
  "full-width digits": (value) =>
    toDotted(value).replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  "ideographic dots": (value) => toDotted(value).replaceAll(".", "\u3002"),
  "percent-encoded": (value) => toDotted(value).replace(/\d/g, (digit) => `%3${digit}`),
  "IPv4-mapped": (value) => `[::ffff:${toDotted(value)}]`,
  "IPv4-mapped hexadecimal": (value) => `[::ffff:${hex(value >>> 16)}:${hex(value & 0xffff)}]`,
  "IPv4-mapped, written out": (value) => `[0:0:0:0:0:ffff:${hex(value >>> 16)}:${hex(value & 0xffff)}]`,
  "IPv4-compatible": (value) => `[::${toDotted(value)}]`,
  NAT64: (value) => `[64:ff9b::${toDotted(value)}]`,
  "local NAT64": (value) => `[64:ff9b:1::${toDotted(value)}]`,
  "6to4": (value) => `[2002:${hex(value >>> 16)}:${hex(value & 0xffff)}::1]`,
  Teredo: (value) => `[2001:0:${hex(value >>> 16)}:${hex(value & 0xffff)}::1]`,
  ISATAP: (value) => `[fe80::5efe:${toDotted(value)}]`,
};

describe("no notation of a private IPv4 address passes", () => {
  test.each(Object.keys(notations))("%s", (name) => {
    const write = notations[name];
    if (write === undefined) throw new Error("no such notation");
    fc.assert(
      fc.property(privateNumber, (value) => {
        const answer = checkUrl(`https://${write(value)}/`);
        expect(answer).toMatchObject({ ok: false, error: { code: "blocked_address" } });
      }),
    );
  });
});

test("public addresses pass in the notations that name a public address", () => {
  const publicNumber = fc
    .tuple(fc.constantFrom(1, 8, 52, 93, 151), fc.nat(255), fc.nat(255), fc.nat(255))
    .map((parts) => toNumber(parts.join(".")));
  fc.assert(
    fc.property(
      publicNumber,
      fc.constantFrom("dotted", "decimal", "hexadecimal", "trailing dot", "NAT64"),
      (value, name) => {
        expect(checkUrl(`https://${notations[name]?.(value)}/`).ok).toBe(true);
      },
    ),
  );
});

test.each([
  "::",
  "::1",
  "::ffff:8.8.8.8",
  "fc00::1",
  "fd00:ec2::254",
  "fdff:ffff::1",
  "fe80::1",
  "fe80::1%eth0",
  "2600::1%eth0",
  "fec0::1",
  "ff02::1",
  "100::1",
  "2001::1",
  "2001:db8::1",
  "2002:0808:0808::1",
  "3fff::1",
  "5f00::1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b::",
  "169.254.169.254",
  "169.254.170.2",
  "0.0.0.0",
  "255.255.255.255",
  "example.com",
  "",
  "1.2.3",
])("%s is not a public address", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each([
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "2606:4700::1111",
  "2a00:1450::1",
  "64:ff9b::8.8.8.8",
  "64:ff9b::808:0",
])("%s is a public address", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  ["http://example.com/", "blocked_scheme"],
  ["ftp://example.com/", "blocked_scheme"],
  ["file:///etc/passwd", "blocked_scheme"],
  ["gopher://example.com/", "blocked_scheme"],
  ["data:text/plain,x", "blocked_scheme"],
  ["javascript:alert(1)", "blocked_scheme"],
  ["https://user:secret@example.com/", "credentials_in_url"],
  ["https://example.com@169.254.169.254/", "credentials_in_url"],
  ["https://example.com:22/", "blocked_port"],
  ["https://example.com:80/", "blocked_port"],
  ["https://example.com:6379/", "blocked_port"],
  ["https://localhost/", "blocked_host"],
  ["https://LOCALHOST./", "blocked_host"],
  ["https://a.b.localhost/", "blocked_host"],
  ["https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/", "blocked_host"],
  ["https://metadata.google.internal/", "blocked_host"],
  ["https://ip-10-0-0-1.ec2.internal./", "blocked_host"],
  ["https://printer.local/", "blocked_host"],
  ["https://intranet/", "blocked_host"],
  ["", "invalid_url"],
  ["/relative", "invalid_url"],
  ["https://", "invalid_url"],
  ["https://exa mple.com/", "invalid_url"],
  ["https://example.com/\n", "invalid_url"],
  ["https:\\\\example.com\\", "invalid_url"],
  ["https://256.256.256.256/", "invalid_url"],
  ["https://[::1/", "invalid_url"],
  [`https://example.com/${"a".repeat(2048)}`, "invalid_url"],
])("checkUrl(%j) answers %s", (url, code) => {
  expect(checkUrl(url)).toMatchObject({ ok: false, error: { code, retryable: false } });
});

test("a good URL passes, IDN in ASCII and without its fragment", () => {
  const answer = checkUrl("https://b\u00fccher.example:8443/hook?x=1#part");
  expect(answer).toMatchObject({ ok: true, url: { href: "https://xn--bcher-kva.example:8443/hook?x=1" } });
});

test("http passes only where the policy allows it, and only the listed host and port leave the address rule", () => {
  const policy = { ...defaultPolicy, allow_http: true, allow: ["127.0.0.1:8080", "[::1]:9000", "db.internal:5000"] };
  expect(checkUrl("http://127.0.0.1:8080/", policy).ok).toBe(true);
  expect(checkUrl("http://0x7f000001:8080/", policy).ok).toBe(true);
  expect(checkUrl("http://[::1]:9000/", policy).ok).toBe(true);
  expect(checkUrl("https://DB.internal.:5000/", policy).ok).toBe(true);
  expect(checkUrl("http://127.0.0.1:8081/", policy)).toMatchObject({ ok: false, error: { code: "blocked_address" } });
  expect(checkUrl("https://127.0.0.1:8080/", defaultPolicy)).toMatchObject({ ok: false });
});

test("nothing that the parser accepts ends at a host which the rules do not know", () => {
  fc.assert(
    fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (url) => {
      const answer = checkUrl(url);
      if (answer.ok) expect([answer.url.protocol, answer.url.username, answer.url.hash]).toEqual(["https:", "", ""]);
      else expect(answer.error.message.length).toBeGreaterThan(10);
    }),
  );
});
