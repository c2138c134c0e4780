/** Settings that differ between deployments. Everything else is the same everywhere. */
export interface Stage {
  readonly name: "local" | "development" | "staging" | "production";
  /** Keep data when the stack is deleted, and refuse to delete the table and the pool. */
  readonly protect_data: boolean;
  readonly log_retention_days: 7 | 30 | 90 | 365;
  readonly rate_limits: { readonly user: number; readonly address: number; readonly sign_in_address: number };
  /** Keep concurrency for the functions that ask for it; an account whose limit is still 10 has none to keep. */
  readonly reserve_concurrency: boolean;
  /** Who is told by mail when an alarm rings. */
  readonly alarm_email: string | undefined;
  /** Sender of mail; its domain must be a verified identity of SES in the account. */
  readonly mail_from: string;
  /** Where links in mails lead: the company's console or page that takes the token. */
  readonly app_url: string;
  /** Outbound calls: plain http and named private hosts are only for machines of developers. */
  readonly outbound: { readonly allow_http: boolean; readonly allow_hosts: readonly string[] };
}

const deployed = {
  protect_data: true,
  log_retention_days: 90,
  rate_limits: { user: 600, address: 300, sign_in_address: 10 },
  outbound: { allow_http: false, allow_hosts: [] },
} as const;

/** Reads a setting from the CDK context (`-c mail_from=…`), where a deployment must say its own. */
export function stageOf(name: string, context: (key: string) => string | undefined): Stage {
  const own = {
    mail_from: context("mail_from") ?? "kaizen@localhost.invalid",
    app_url: context("app_url") ?? "http://localhost",
    alarm_email: context("alarm_email"),
    reserve_concurrency: name !== "local" && context("reserve_concurrency") !== "false",
  };
  switch (name) {
    case "local":
      return {
        ...own,
        name,
        protect_data: false,
        log_retention_days: 7,
        // Everybody shares one address on a laptop, tests included; the rules themselves are the same.
        rate_limits: { user: 6_000, address: 6_000, sign_in_address: 1_000 },
        outbound: { allow_http: true, allow_hosts: (context("allow_hosts") ?? "127.0.0.1:*,localhost:*").split(",") },
      };
    case "development":
      return { ...deployed, ...own, name, protect_data: false, log_retention_days: 30 };
    case "staging":
      return { ...deployed, ...own, name };
    case "production":
      return { ...deployed, ...own, name, log_retention_days: 365 };
    default:
      throw new Error(`unknown stage "${name}": use local, development, staging or production (-c stage=…)`);
  }
}
