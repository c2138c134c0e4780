/** Settings that differ between deployments. Everything else is the same everywhere. */
export interface Stage {
  readonly name: "local" | "development" | "staging" | "production";
  /** Keep data when the stack is deleted, and refuse to delete the table and the pool. */
  readonly protect_data: boolean;
  readonly log_retention_days: 7 | 30 | 90 | 365;
  readonly rate_limits: { readonly user: number; readonly address: number };
  /** Multiplies what is allowed by address before sign-in: more than 1 only where everybody shares one address. */
  readonly origin_factor: number;
  /** Who may register by themselves: everybody, nobody, or whoever has an address of these domains. */
  readonly registration: { readonly open: boolean; readonly domains: readonly string[] };
  /** Keep concurrency for the functions that ask for it; an account whose limit is still 10 has none to keep. */
  readonly reserve_concurrency: boolean;
  /** Who is told by mail when an alarm rings. */
  readonly alarm_email: string | undefined;
  /** Sender of mail; its domain must be a verified identity of SES in the account. */
  readonly mail_from: string;
  /** Where links in mails lead: the company's console or page that takes the token. */
  readonly app_url: string;
  /** Origins whose pages may call the API and send uploads, beside the API's own: the page at `app_url`, and others. */
  readonly browser_origins: readonly string[];
  /** The API's own domain, with its certificate in us-east-1, where CloudFront looks for it. */
  readonly domain: { readonly name: string; readonly certificate_arn: string } | undefined;
  /** A firewall of the account (WAF, scope CLOUDFRONT) that stands before the API. */
  readonly web_acl_arn: string | undefined;
  /** Outbound calls: plain http and named private hosts are only for machines of developers. */
  readonly outbound: { readonly allow_http: boolean; readonly allow_hosts: readonly string[] };
}

const deployed = {
  protect_data: true,
  log_retention_days: 90,
  rate_limits: { user: 600, address: 300 },
  origin_factor: 1,
  outbound: { allow_http: false, allow_hosts: [] },
} as const;

/** Reads a setting from the CDK context (`-c mail_from=…`), where a deployment must say its own. */
export function stageOf(name: string, context: (key: string) => string | undefined): Stage {
  const app_url = context("app_url") ?? "http://localhost";
  const own = {
    mail_from: context("mail_from") ?? "kaizen@localhost.invalid",
    app_url,
    browser_origins: browserOrigins(app_url, context("browser_origins")),
    domain: domainOf(context("domain_name"), context("certificate_arn")),
    web_acl_arn: context("web_acl_arn"),
    alarm_email: context("alarm_email"),
    reserve_concurrency: name !== "local" && context("reserve_concurrency") !== "false",
    registration: registrationOf(context),
  };
  switch (name) {
    case "local":
      return {
        ...own,
        name,
        protect_data: false,
        log_retention_days: 7,
        // Everybody shares one address on a laptop, tests included; the rules themselves are the same.
        rate_limits: { user: 6_000, address: 6_000 },
        origin_factor: 1_000,
        outbound: { allow_http: true, allow_hosts: (context("allow_hosts") ?? "127.0.0.1:*,localhost:*").split(",") },
      };
    case "development":
      return { ...deployed, ...own, name, protect_data: false, log_retention_days: 30 };
    case "staging":
      return { ...deployed, ...own, name };
    case "production":
      if (own.alarm_email === undefined)
        throw new Error("production has to tell somebody when an alarm rings: say whom with -c alarm_email=…");
      return { ...deployed, ...own, name, log_retention_days: 365 };
    default:
      throw new Error(`unknown stage "${name}": use local, development, staging or production (-c stage=…)`);
  }
}

/** The origin of the page that mails lead to, and those that the deployment names, separated by commas. */
function browserOrigins(app_url: string, more = ""): string[] {
  const named = more.split(",").filter((origin) => origin !== "");
  for (const origin of named) {
    if (!/^https:\/\/[^*]+$/.test(origin) || URL.parse(origin)?.origin !== origin)
      throw new Error(`browser_origins: "${origin}" is no https origin; write each like https://console.example.com`);
  }
  return [...new Set([new URL(app_url).origin, ...named])];
}

function domainOf(name: string | undefined, certificate_arn: string | undefined): Stage["domain"] {
  if (name === undefined && certificate_arn === undefined) return undefined;
  if (name === undefined || certificate_arn === undefined)
    throw new Error("a domain needs both -c domain_name=… and -c certificate_arn=…");
  if (!/^arn:[\w-]+:acm:us-east-1:/.test(certificate_arn))
    throw new Error("certificate_arn: CloudFront takes certificates of us-east-1 only; issue or import it there");
  return { name, certificate_arn };
}

/** `-c registration=closed`, or `-c registration_domains=example.com,example.org`. */
function registrationOf(context: (key: string) => string | undefined): Stage["registration"] {
  const asked = context("registration") ?? "open";
  if (asked !== "open" && asked !== "closed") throw new Error(`registration is "${asked}": use open or closed`);
  const domains = (context("registration_domains") ?? "").split(",").map((domain) => domain.trim().toLowerCase());
  return { open: asked === "open", domains: domains.filter((domain) => domain !== "") };
}
