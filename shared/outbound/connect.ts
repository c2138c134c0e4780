import { lookup as dnsLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import type { buildConnector } from "undici";
import { isPublicAddress } from "./addresses.ts";
import { OutboundError } from "./errors.ts";
import { isAllowListed, type OutboundPolicy } from "./url.ts";

export type ResolvedAddress = { address: string; family: number };

/** All addresses of a host name, in the order of preference. */
export type Resolve = (hostname: string) => Promise<ResolvedAddress[]>;

export const systemResolve: Resolve = (hostname) => dnsLookup(hostname, { all: true, order: "verbatim" });

const mayConnect = (address: string, port: number, policy: OutboundPolicy): boolean =>
  isPublicAddress(address) || isAllowListed(address, port, policy);

/**
 * A lookup for `net.connect` that hands out only checked addresses. The addresses that are checked are the ones connected to, so
 * a name that answers with a public address first and a private one later (DNS rebinding) gains nothing. A single private
 * address in an answer refuses the whole answer: no honest public host has one.
 */
export const guardedLookup =
  (policy: OutboundPolicy, port: number, resolve: Resolve): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const exempt = isAllowListed(hostname, port, policy);
        const [first] = addresses;
        if (first === undefined) return callback(new OutboundError("dns_failed"), "", 0);
        if (!exempt && !addresses.every(({ address }) => mayConnect(address, port, policy))) {
          return callback(new OutboundError("blocked_address"), "", 0);
        }
        return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
      },
      (error: unknown) => callback(new OutboundError("dns_failed", error), "", 0),
    );
  };

export type ConnectorOptions = {
  policy: OutboundPolicy;
  resolve: Resolve;
  connect_timeout_ms: number;
  /** Extra certificate authorities in PEM, for private connectors and tests. */
  ca?: string | undefined;
};

/** undici's connector behind the guard: literal addresses, looked-up addresses and, last, the socket's real peer are checked. */
export const guardedConnector = (build: typeof buildConnector, options: ConnectorOptions): buildConnector.connector => {
  const { policy, resolve } = options;
  return (target, callback) => {
    const port = target.port === "" ? (target.protocol === "https:" ? 443 : 80) : Number(target.port);
    const exempt = isAllowListed(target.hostname, port, policy);
    // A literal address never reaches the lookup.
    if (!exempt && isIP(target.hostname) !== 0 && !mayConnect(target.hostname, port, policy)) {
      callback(new OutboundError("blocked_address"), null);
      return;
    }
    const connect = build({
      timeout: options.connect_timeout_ms,
      lookup: guardedLookup(policy, port, resolve),
      port,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
    connect(target, (error, socket) => {
      if (error !== null) return callback(error, null);
      const peer = socket.remoteAddress;
      if (!exempt && (peer === undefined || !mayConnect(peer, port, policy))) {
        socket.destroy();
        return callback(new OutboundError("blocked_address"), null);
      }
      return callback(null, socket);
    });
  };
};
