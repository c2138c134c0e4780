import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";
import { checkUrl, type UrlCheck } from "../../shared/outbound/url.ts";

export interface ModelDeps {
  readonly table: Platform["table"];
  readonly secrets: Platform["secrets"];
  /** The guard's check of an address that is stored; the resolved address is checked at each call. */
  readonly checkUrl: (url: string) => UrlCheck;
}

export function modelDeps(platform: Platform): ModelDeps {
  const policy = outboundPolicy(readSettings(outboundSettings));
  return { table: platform.table, secrets: platform.secrets, checkUrl: (url) => checkUrl(url, policy) };
}
