import { BlockList, isIPv4, isIPv6 } from "node:net";

/** IANA special-purpose IPv4 blocks: nothing in them is a customer's public server. */
const reserved4 = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8], // "this" network, unspecified
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // carrier-grade NAT, also used inside VPCs
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local: instance, task and Lambda metadata
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // IETF protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.31.196.0", 24], // AS112
  ["192.52.193.0", 24], // AMT
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["192.175.48.0", 24], // AS112
  ["198.18.0.0", 15], // benchmarking
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, broadcast
] as const) {
  reserved4.addSubnet(network, prefix, "ipv4");
}

/** IPv6 is an allow-list: only global unicast exists outside, so ::1, fc00::/7 (fd00:ec2::254), fe80::/10 and ff00::/8 fall away. */
const global6 = new BlockList();
global6.addSubnet("2000::", 3, "ipv6");

const reserved6 = new BlockList();
for (const [network, prefix] of [
  ["2001::", 23], // IETF protocol assignments, Teredo (2001::/32) among them
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4: wraps any IPv4 address
  ["2620:4f:8000::", 48], // AS112
  ["3fff::", 20], // documentation
] as const) {
  reserved6.addSubnet(network, prefix, "ipv6");
}

/** The one wrapper that is in real use (IPv6-only subnets with DNS64): judged by the IPv4 address inside. */
const nat64 = new BlockList();
nat64.addSubnet("64:ff9b::", 96, "ipv6");

const lastFourBytes = (address: string): string => {
  // The URL parser writes every notation of an IPv6 address (dotted tail included) as compressed hexadecimal groups.
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1).split(":");
  const [high, low] = groups.slice(-2).map((group) => Number.parseInt(group === "" ? "0" : group, 16));
  if (high === undefined || low === undefined) return "0.0.0.0";
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
};

/**
 * Whether an address in text form (as a resolver or the URL parser writes it, IPv6 without brackets) is a public unicast
 * address. Everything else answers false: private, loopback, link-local, CGNAT, multicast, reserved, unspecified ranges,
 * IPv4 wrapped into IPv6 (mapped, compatible, 6to4, Teredo; NAT64 is judged by what it wraps), zone ids, and non-addresses.
 */
export const isPublicAddress = (address: string): boolean => {
  if (isIPv4(address)) return !reserved4.check(address, "ipv4");
  if (!isIPv6(address) || address.includes("%")) return false;
  if (nat64.check(address, "ipv6")) return isPublicAddress(lastFourBytes(address));
  return global6.check(address, "ipv6") && !reserved6.check(address, "ipv6");
};
