import { readSettings } from "../../../shared/config/settings.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { createOutbound, type Outbound } from "../../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../../shared/outbound/settings.ts";
import { poolUrl } from "../flow/pool-url.ts";
import { audienceOf } from "../saml/model.ts";
import { connectProviders, type PoolProviders } from "./pool.ts";

export interface ConnectionDeps extends Pick<Platform, "table" | "secrets"> {
  readonly providers: PoolProviders;
  readonly outbound: Outbound;
  /** Whether providers may do without TLS. */
  readonly allow_http: boolean;
  /** The pool's domain. */
  readonly pool_url: string;
  /** As whom the pool shows itself to SAML providers. */
  readonly audience: string;
}

export function connectionDeps({ table, secrets }: Platform): ConnectionDeps {
  const read = readSettings(["USER_POOL_ID", "POOL_URL", "AWS_ENDPOINT_URL", ...outboundSettings]);
  const { allow_http, allow } = outboundPolicy(read);
  return {
    table,
    secrets,
    providers: connectProviders(read.USER_POOL_ID),
    outbound: createOutbound({ allow_http, allow }),
    allow_http,
    pool_url: poolUrl(read),
    audience: audienceOf(read.USER_POOL_ID),
  };
}
