import ipaddr from "ipaddr.js";
import * as z from "zod";
import { canonicalText } from "../http/schemas.ts";

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** IPv4 in four decimal parts, or IPv6 without a zone: what else parses (octal, hexadecimal, short forms) misleads. */
const isPlain = (address: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(address) || (ipaddr.IPv6.isValid(address) && !address.includes("%"));

/** An IPv4 network that is wrapped into IPv6 is the IPv4 network. */
function unwrapped(address: ipaddr.IPv4 | ipaddr.IPv6, prefix: number): Network {
  return address.kind() === "ipv6" && (address as ipaddr.IPv6).isIPv4MappedAddress() && prefix >= 96
    ? [(address as ipaddr.IPv6).toIPv4Address(), prefix - 96]
    : [address, prefix];
}

/**
 * A network as it is kept: its first address and the length of its prefix. A single address is a network of one.
 * Undefined for what is none.
 */
export function normalizeNetwork(text: string): string | undefined {
  const [, address = "", length] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text.trim()) ?? [];
  if (!isPlain(address)) return undefined;
  const parsed = ipaddr.parse(address);
  const most = parsed.kind() === "ipv4" ? 32 : 128;
  const prefix = length === undefined ? most : Number(length);
  if (prefix > most) return undefined;
  const [network, bits] = unwrapped(parsed, prefix);
  const cidr = `${network.toString()}/${bits}`;
  const first = network.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${first.networkAddressFromCIDR(cidr).toString()}/${bits}`;
}

/** Networks are read with every request that they are judged for: so many are 2 KB at most. */
export const MOST_NETWORKS = 50;

const networkSchema = canonicalText(
  64,
  normalizeNetwork,
  "must be an address or a network in CIDR notation, like 192.0.2.0/24 or 2001:db8::/32",
).meta({ example: "192.0.2.0/24" });

/** Networks as somebody gives them. */
export const networksSchema = z
  .array(networkSchema)
  .max(MOST_NETWORKS)
  .overwrite((networks) => [...new Set(networks)]);
