import { isIP } from "node:net";
import { isPublicAddress } from "./addresses.ts";
import { OutboundError, type OutboundErrorCode, type OutboundFailure } from "./errors.ts";

/** What may be called. One policy per deployment; nothing of it comes from a tenant. */
export type OutboundPolicy = {
  /** Development and tests only: http as well as https. */
  allow_http: boolean;
  /** Ports a tenant's URL may name. */
  allowed_ports: readonly number[];
  /**
   * `host:port` entries exempt from the port and address rules (the scheme rule stays): private connectors, test servers.
   * The host is a name or an address (IPv6 in brackets); an address entry also matches names that resolve to it.
   * `host:*` stands for all ports, for a developer's machine.
   */
  allow: readonly string[];
};

export const defaultPolicy: OutboundPolicy = { allow_http: false, allowed_ports: [443, 8443], allow: [] };

export type UrlCheck = { ok: true; url: URL } | { ok: false; error: OutboundFailure };

const maxUrlLength = 2048;

/** Names that never leave the own network; the resolved address decides for all others. */
const privateSuffixes = [
  ".localhost",
  ".local",
  ".internal",
  ".intranet",
  ".lan",
  ".home.arpa",
  ".onion",
  ".test",
  ".invalid",
];

const refuse = (code: OutboundErrorCode): UrlCheck => ({ ok: false, error: new OutboundError(code).failure });

const defaultPort = (protocol: string): number => (protocol === "http:" ? 80 : 443);

/** The port a URL is called on, the scheme's default included. */
export const portOf = (url: URL): number => (url.port === "" ? defaultPort(url.protocol) : Number(url.port));

/** `host:port` as the allow-list writes it: lower case, no trailing dot, IPv6 in brackets. */
export const endpointOf = (hostname: string, port: number): string => {
  const host = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  return `${isIP(host) === 6 ? `[${host}]` : host.toLowerCase()}:${port}`;
};

/** Whether a host (name or address, no brackets) and port stand on the allow-list. */
export const isAllowListed = (hostname: string, port: number, { allow }: OutboundPolicy): boolean => {
  if (allow.length === 0) return false;
  const endpoint = endpointOf(hostname, port);
  return allow.includes(endpoint) || allow.includes(endpoint.replace(/\d+$/, "*"));
};

const checkHost = (hostname: string): OutboundErrorCode | undefined => {
  if (hostname === "") return "invalid_url";
  if (isIP(hostname) !== 0) return isPublicAddress(hostname) ? undefined : "blocked_address";
  const name = hostname.replace(/\.$/, "");
  if (!name.includes(".") || privateSuffixes.some((suffix) => name.endsWith(suffix))) return "blocked_host";
  return undefined;
};

/**
 * The part of the guard that needs no network, for use when a URL is saved (422 with `error.code` and `error.message`) and
 * before each call. A passing URL is not yet safe: the name may resolve to a private address, which the client checks at connect.
 * The WHATWG parser has already turned decimal, octal, hexadecimal, short, full-width and percent-encoded hosts into plain
 * addresses and IDN into ASCII, so the rules see one notation.
 */
export const checkUrl = (input: string, policy: OutboundPolicy = defaultPolicy): UrlCheck => {
  // The parser silently drops tabs and newlines and turns backslashes; a URL that needs that was not meant well.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (input.length > maxUrlLength || /[\u0000-\u0020\u007f\\]/.test(input)) return refuse("invalid_url");
  const url = URL.parse(input);
  if (url === null) return refuse("invalid_url");
  if (url.protocol !== "https:" && !(policy.allow_http && url.protocol === "http:")) return refuse("blocked_scheme");
  if (url.username !== "" || url.password !== "") return refuse("credentials_in_url");
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = portOf(url);
  if (!isAllowListed(hostname, port, policy)) {
    const refused = checkHost(hostname);
    if (refused !== undefined) return refuse(refused);
    if (!policy.allowed_ports.includes(port)) return refuse("blocked_port");
  }
  // Setting it writes the whole address anew.
  if (input.includes("#")) url.hash = "";
  return { ok: true, url };
};
