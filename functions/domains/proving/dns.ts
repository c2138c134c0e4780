import { Resolver } from "node:dns/promises";
import { readSettings } from "../../../shared/config/settings.ts";

/**
 * The texts of a name's TXT records, each whole, none where there are none; undefined where no name server has answered, so
 * that nothing is known.
 */
export type LookUpTxt = (name: string) => Promise<readonly string[] | undefined>;

/** Two tries on each server within four seconds: requests wait for it. */
const WAITING = { timeout: 1_500, tries: 2 } as const;
/** The name does not exist, or has no such record (c-ares). */
const NONE: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA"]);

/** Asks the name servers of the setting `DNS_SERVERS`; the machine's own where it names none. */
export function connectDns({ DNS_SERVERS: servers } = readSettings(["DNS_SERVERS"])): LookUpTxt {
  return async (name) => {
    // One for each look: a resolver that is kept keeps its sockets, which a frozen function loses.
    const resolver = new Resolver(WAITING);
    if (servers.length > 0) resolver.setServers(servers);
    try {
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(""));
    } catch (error) {
      return NONE.has((error as { code?: string }).code ?? "") ? [] : undefined;
    }
  };
}
