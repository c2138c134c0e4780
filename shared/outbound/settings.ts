import type { Settings } from "../config/settings.ts";
import { defaultPolicy, type OutboundPolicy } from "./url.ts";

/** Settings of functions that call addresses of tenants; infra writes them for the need `outbound`. */
export const outboundSettings = ["OUTBOUND_ALLOW_HTTP", "OUTBOUND_ALLOW_HOSTS"] as const;

/** The policy of this deployment: what a tenant's address may be, when it is saved and when it is called. */
export const outboundPolicy = (settings: Pick<Settings, (typeof outboundSettings)[number]>): OutboundPolicy => ({
  ...defaultPolicy,
  allow_http: settings.OUTBOUND_ALLOW_HTTP,
  allow: settings.OUTBOUND_ALLOW_HOSTS,
});
