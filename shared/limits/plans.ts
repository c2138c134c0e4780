import type { RunDays } from "../blobs/purposes.ts";
import type { Organization } from "../identity/items.ts";

export interface PlanLimits {
  readonly users: number;
  /** Invitations that wait for an answer. */
  readonly invitations: number;
  /** Mails with invitations a day. */
  readonly invitation_mails_per_day: number;
  /** Mail domains, claimed or proved. */
  readonly domains: number;
  readonly teams: number;
  /** Roles of the organization's own, which travel in one item (`access_rules`). */
  readonly roles: number;
  readonly policies: number;
  readonly workspaces: number;
  readonly agents: number;
  readonly pipelines: number;
  readonly schedules: number;
  /** Suites of test cases. */
  readonly suites: number;
  /** Jobs over suites that go on at the same time: with 20 cases side by side they leave live runs a place. */
  readonly suite_runs: number;
  readonly webhooks: number;
  /** API keys that count. */
  readonly api_keys: number;
  readonly service_accounts: number;
  /** Destinations to which the audit trail is sent as it grows. */
  readonly audit_streams: number;
  /** Each is asked how it is once a minute. */
  readonly gateways: number;
  /** Those whose record is kept, what has come to its end among them. */
  readonly deployments: number;
  /** Model providers with keys or settings of the organization's own. */
  readonly model_providers: number;
  /** Connected sign-in providers: the user pool has a bounded number for everybody. */
  readonly sso_connections: number;
  readonly runs_per_month: number;
  /** Runs that go on at the same time. */
  readonly live_runs: number;
  /** Runs that wait for a place among those, or among those of their pipeline. */
  readonly queued_runs: number;
  /** Approvals that wait for people. */
  readonly approvals: number;
  /** Answers that are being streamed at the same time. */
  readonly streams: number;
  /** Files that are being uploaded at the same time: addresses given out and not used yet. */
  readonly uploads: number;
  readonly tokens_per_month: number;
  readonly api_calls_per_month: number;
  /** Most days for which things may be kept; what an organization sets is within these (`retention.ts`). */
  readonly run_days: RunDays;
  readonly thread_days: RunDays;
  readonly delivery_days: number;
  readonly audit_days: number;
  readonly archived_days: number;
  readonly requests_per_minute: number;
}

/** What a limit is when there is none. */
export const UNLIMITED = -1;

/** The plans: the one table of limits. */
export const plans: Readonly<Record<Organization["plan"], PlanLimits>> = {
  free: {
    users: 3,
    invitations: 50,
    invitation_mails_per_day: 100,
    domains: 5,
    teams: 5,
    roles: 50,
    policies: 20,
    workspaces: 1,
    agents: 10,
    pipelines: 5,
    schedules: 10,
    suites: 20,
    suite_runs: 2,
    webhooks: 20,
    api_keys: 20,
    service_accounts: 5,
    audit_streams: 5,
    gateways: 5,
    deployments: 50,
    model_providers: 10,
    sso_connections: 1,
    runs_per_month: 1_000,
    live_runs: 50,
    queued_runs: 100,
    approvals: 100,
    streams: 20,
    uploads: 20,
    tokens_per_month: 100_000,
    api_calls_per_month: 10_000,
    run_days: 30,
    thread_days: 30,
    delivery_days: 30,
    audit_days: 400,
    archived_days: 30,
    requests_per_minute: 1_000,
  },
  pro: {
    users: 25,
    invitations: 500,
    invitation_mails_per_day: 1_000,
    domains: 25,
    teams: 50,
    roles: 50,
    policies: 200,
    workspaces: 5,
    agents: 100,
    pipelines: 50,
    schedules: 100,
    suites: 200,
    suite_runs: 20,
    webhooks: 100,
    api_keys: 200,
    service_accounts: 50,
    audit_streams: 5,
    gateways: 20,
    deployments: 500,
    model_providers: 20,
    sso_connections: 3,
    runs_per_month: 10_000,
    live_runs: 500,
    queued_runs: 1_000,
    approvals: 1_000,
    streams: 200,
    uploads: 100,
    tokens_per_month: 1_000_000,
    api_calls_per_month: 100_000,
    run_days: 90,
    thread_days: 90,
    delivery_days: 90,
    audit_days: 800,
    archived_days: 90,
    requests_per_minute: 5_000,
  },
  enterprise: {
    users: UNLIMITED,
    invitations: 5_000,
    invitation_mails_per_day: 10_000,
    domains: 250,
    teams: 1_000,
    roles: 50,
    policies: 1_000,
    workspaces: UNLIMITED,
    agents: UNLIMITED,
    pipelines: UNLIMITED,
    schedules: 1_000,
    suites: 2_000,
    suite_runs: 80,
    webhooks: 1_000,
    api_keys: 2_000,
    service_accounts: 500,
    audit_streams: 5,
    gateways: 100,
    deployments: 5_000,
    model_providers: 50,
    sso_connections: 10,
    runs_per_month: UNLIMITED,
    live_runs: 2_000,
    queued_runs: 5_000,
    approvals: 10_000,
    streams: 1_000,
    uploads: 500,
    tokens_per_month: UNLIMITED,
    api_calls_per_month: UNLIMITED,
    run_days: 400,
    thread_days: 400,
    delivery_days: 400,
    audit_days: 2_555,
    archived_days: 365,
    requests_per_minute: 20_000,
  },
};
