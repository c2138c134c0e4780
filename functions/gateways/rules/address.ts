/** What of a gateway decides to where its key is sent. */
export interface Addresses {
  /** Without a slash at its end. */
  readonly api_url: string;
  readonly health_check_url: string | null;
  readonly allow_other_health_host: boolean;
}

/** What an address may not have: it is shown to whoever sees the gateway, and paths are put behind it. */
export const addressProblem = (text: string): string | undefined =>
  /[?#]/.test(text) ? "must have no query and no fragment" : undefined;

/** An address as it is kept: paths are put behind it. */
export function withoutSlash({ href }: URL): string {
  let end = href.length;
  while (href[end - 1] === "/") end--;
  return href.slice(0, end);
}

/** Where a gateway is asked how it is. */
export const healthAddress = ({ api_url, health_check_url }: Addresses): string =>
  health_check_url ?? `${api_url}/health`;

/** What is wrong with an address for checks: the key is sent there, too. */
export function healthHostProblem({
  api_url,
  health_check_url,
  allow_other_health_host,
}: Addresses): string | undefined {
  if (health_check_url === null || allow_other_health_host) return undefined;
  return new URL(health_check_url).hostname === new URL(api_url).hostname
    ? undefined
    : "is of another host than `api_url`, and the key would be sent there: set `allow_other_health_host` if that is meant";
}

const originsOf = (addresses: Addresses): ReadonlySet<string> =>
  new Set([addresses.api_url, healthAddress(addresses)].map((address) => new URL(address).origin));

/** Whether a key that was given for these addresses would go somewhere else by those. */
export const leadsElsewhere = (before: Addresses, then: Addresses): boolean =>
  !originsOf(then).isSubsetOf(originsOf(before));
