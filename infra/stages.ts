import { type PlatformProvider, providerTitles } from "../shared/identity/platform-providers.ts";
import { type ContextSettings, DeploymentMistake } from "./context.ts";

/** How the operator is known at a provider. */
export interface ProviderRegistration {
  readonly issuer: string;
  readonly client_id: string;
  /** The name or ARN of the secret of Secrets Manager that holds the client's secret. */
  readonly secret: string;
}

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
  /** Whether the deployment brings a firewall of its own. */
  readonly firewall: boolean;
  /** Whether the front says where a viewer is, so that people are told where somebody signed in to their account. */
  readonly sign_in_place: boolean;
  /** How copies of the audit log are locked. */
  readonly audit_lock: "governance" | "compliance";
  /** Whether requests reach the table with credentials that IAM limits to their organization. */
  readonly tenant_credentials: boolean;
  /** The customer's key for everything that is kept: of this ARN, or made by the deployment; without it AWS's keys. */
  readonly data_key: { readonly arn: string | undefined } | undefined;
  /** Requests a second from everybody together, twice as many in a burst. The local AWS counts none. */
  readonly api_rate: number | undefined;
  /** The operator's registrations at the providers through which everybody may sign in. */
  readonly providers: Readonly<Partial<Record<PlatformProvider, ProviderRegistration>>>;
  /** Name servers that domains' records are asked of; those of the machine where none is named. */
  readonly dns_servers: readonly string[];
  /** Outbound calls: plain http and named private hosts are only for machines of developers. */
  readonly outbound: { readonly allow_http: boolean; readonly allow_hosts: readonly string[] };
}

const deployed = {
  protect_data: true,
  log_retention_days: 90,
  rate_limits: { user: 600, address: 300 },
  origin_factor: 1,
  api_rate: 500,
  outbound: { allow_http: false, allow_hosts: [] },
} as const;

/**
 * The stage that is deployed, with what the deployment says of itself.
 * @throws DeploymentMistake with one sentence, where it does not say enough
 */
export function stageOf(context: ContextSettings): Stage {
  const { stage: name, app_url, browser_origins = [] } = context;
  requireSaid(context);
  const own = {
    name,
    mail_from: context.mail_from ?? "kaizen@localhost.invalid",
    app_url: app_url ?? "http://localhost",
    browser_origins: [...new Set([new URL(app_url ?? "http://localhost").origin, ...browser_origins])],
    domain: domainOf(context),
    providers: providersOf(context),
    web_acl_arn: context.web_acl_arn,
    firewall: firewallOf(context),
    sign_in_place: signInPlaceOf(context),
    audit_lock: context.audit_lock,
    data_key: dataKeyOf(context),
    tenant_credentials: context.tenant_credentials,
    alarm_email: context.alarm_email,
    reserve_concurrency: name !== "local" && context.reserve_concurrency !== false,
    dns_servers: context.dns_servers ?? [],
    registration: { open: context.registration === "open", domains: context.registration_domains ?? [] },
  };
  const rate = context.api_rate === undefined ? {} : { api_rate: context.api_rate };
  switch (name) {
    case "local":
      return {
        ...own,
        protect_data: false,
        log_retention_days: 7,
        // Everybody shares one address on a laptop, tests included, and each function that serves it holds a part of what it
        // may; the rules themselves are the same.
        rate_limits: { user: 6_000, address: 600_000 },
        origin_factor: 1_000,
        api_rate: undefined,
        outbound: { allow_http: true, allow_hosts: context.allow_hosts ?? ["127.0.0.1:*", "localhost:*"] },
      };
    case "development":
      return { ...deployed, ...own, protect_data: false, log_retention_days: 30, api_rate: 100, ...rate };
    case "staging":
      return { ...deployed, ...own, ...rate };
    case "production":
      return { ...deployed, ...own, log_retention_days: 365, api_rate: 2_000, ...rate };
  }
}

/** Without a sender nobody can register, without an address links lead nowhere, without a reader alarms ring for nobody. */
function requireSaid({ stage, mail_from, app_url, alarm_email }: ContextSettings): void {
  if (stage === "local") return;
  const missing = [
    ...(mail_from === undefined ? ["who sends mail (-c mail_from=…)"] : []),
    ...(app_url === undefined ? ["where links in mails lead (-c app_url=…)"] : []),
    ...(alarm_email === undefined && stage === "production" ? ["who is told of alarms (-c alarm_email=…)"] : []),
  ];
  if (missing.length > 0) throw new DeploymentMistake(`the stage ${stage} has to know ${missing.join(" and ")}`);
  if (!app_url?.startsWith("https:"))
    throw new DeploymentMistake(`app_url is "${app_url}": a deployed stage needs https`);
}

function firewallOf({ stage, firewall = false, web_acl_arn }: ContextSettings): boolean {
  if (firewall && web_acl_arn !== undefined)
    throw new DeploymentMistake("a deployment has one firewall: say -c firewall=true or -c web_acl_arn=…, not both");
  if (firewall && stage === "local")
    throw new DeploymentMistake("the stage local has no front, so no firewall before it");
  return firewall;
}

function signInPlaceOf({ stage, sign_in_place }: ContextSettings): boolean {
  if (sign_in_place && stage === "local")
    throw new DeploymentMistake("the stage local has no front, so nothing says where a sign-in was");
  return sign_in_place;
}

function dataKeyOf({ stage, customer_managed_key: said = "false" }: ContextSettings): Stage["data_key"] {
  if (said === "false") return undefined;
  if (stage === "local")
    throw new DeploymentMistake("customer_managed_key is for deployed stages: a laptop keeps what it has");
  return { arn: said === "true" ? undefined : said };
}

function domainOf({ domain_name: name, certificate_arn }: ContextSettings): Stage["domain"] {
  if (name === undefined && certificate_arn === undefined) return undefined;
  if (name === undefined || certificate_arn === undefined)
    throw new DeploymentMistake("a domain needs both -c domain_name=… and -c certificate_arn=…");
  return { name, certificate_arn };
}

/** Each provider is said wholly or not at all. The pool has to know where people come back to before the front is made. */
function providersOf(context: ContextSettings): Stage["providers"] {
  const { microsoft_tenant: tenant, stage, domain_name } = context;
  const registered = (name: PlatformProvider, issuer: string, needed: readonly (keyof ContextSettings)[]) => {
    const missing = needed.filter((setting) => context[setting] === undefined);
    if (missing.length === needed.length) return {};
    if (missing.length > 0) {
      const say = missing.map((setting) => `-c ${setting}=…`).join(" and ");
      throw new DeploymentMistake(`sign-in with ${providerTitles[name]} also needs ${say}`);
    }
    if (domain_name === undefined && stage !== "local")
      throw new DeploymentMistake(
        `sign-in with ${providerTitles[name]} needs a domain of the deployment's own (-c domain_name=…), to which people come back`,
      );
    const client_id = context[`${name}_client_id`] ?? "";
    const secret = context[`${name}_client_secret`] ?? "";
    return { [name]: { issuer, client_id, secret } };
  };
  return {
    ...registered("google", "https://accounts.google.com", ["google_client_id", "google_client_secret"]),
    ...registered("microsoft", `https://login.microsoftonline.com/${tenant}/v2.0`, [
      "microsoft_client_id",
      "microsoft_client_secret",
      "microsoft_tenant",
    ]),
  };
}
