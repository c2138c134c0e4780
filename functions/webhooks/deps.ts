import { randomBytes } from "node:crypto";
import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";
import { checkUrl, type UrlCheck } from "../../shared/outbound/url.ts";

export interface WebhookDeps {
  readonly table: Platform["table"];
  readonly secrets: Platform["secrets"];
  readonly checkUrl: (url: string) => UrlCheck;
  readonly randomBytes: (count: number) => Uint8Array;
}

export function webhookDeps(platform: Platform): WebhookDeps {
  const policy = outboundPolicy(readSettings(outboundSettings));
  return {
    table: platform.table,
    secrets: platform.secrets,
    checkUrl: (url) => checkUrl(url, policy),
    randomBytes,
  };
}
