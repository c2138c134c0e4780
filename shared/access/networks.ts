import { BlockList, isIPv4, isIPv6 } from "node:net";

/** The networks of each kind. */
interface Lists {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

/** Making them costs more than asking them, and every request of an organization asks the same. */
const known = new Map<string, Lists>();
const MOST_KNOWN = 1_000;

function listsOf(networks: readonly string[]): Lists {
  const key = networks.join(" ");
  const made = known.get(key);
  if (made !== undefined) return made;
  if (known.size >= MOST_KNOWN) known.clear();
  const lists: Lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks) {
    const [first = "", bits] = network.split("/");
    const kind = isIPv4(first) ? "ipv4" : "ipv6";
    lists[kind].addSubnet(first, Number(bits), kind);
  }
  known.set(key, lists);
  return lists;
}

/** IPv4 that is wrapped into IPv6, as a socket for both kinds shows it. */
const wrapped = new BlockList();
wrapped.addSubnet("::ffff:0:0", 96, "ipv6");

/**
 * Tells of addresses whether they lie in one of these networks, each its first address and the length of its prefix. What is no
 * address lies in none; an IPv4 address lies in networks of its own kind only, wrapped or not.
 */
export function networkTest(networks: readonly string[]): (address: string) => boolean {
  const { ipv4, ipv6 } = listsOf(networks);
  return (address) => {
    if (isIPv4(address)) return ipv4.check(address, "ipv4");
    if (!isIPv6(address) || address.includes("%")) return false;
    return (wrapped.check(address, "ipv6") ? ipv4 : ipv6).check(address, "ipv6");
  };
}

/** Whether an address lies in one of these networks, as `networkTest` tells it. */
export const isWithin = (address: string, networks: readonly string[]): boolean => networkTest(networks)(address);
