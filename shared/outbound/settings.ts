import * as z from "zod";
import { defaultPolicy, type OutboundPolicy } from "./url.ts";

/** Settings of functions that call addresses of tenants; infra writes them for the need `outbound`. */
export const outboundSettings = z.object({
  OUTBOUND_ALLOW_HTTP: z.enum(["true", "false"]).transform((value) => value === "true"),
  OUTBOUND_ALLOW_HOSTS: z.string().transform((value) => value.split(",").filter((entry) => entry !== "")),
});

/** The policy of this deployment: what a tenant's address may be, when it is saved and when it is called. */
export const outboundPolicy = (settings: z.output<typeof outboundSettings>): OutboundPolicy => ({
  ...defaultPolicy,
  allow_http: settings.OUTBOUND_ALLOW_HTTP,
  allow: settings.OUTBOUND_ALLOW_HOSTS,
});
