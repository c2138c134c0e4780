import { randomBytes } from "node:crypto";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import {
  clientNames,
  type PlatformClients,
  type PlatformRegistrations,
  platformClients,
  platformRegistrations,
  registrationNames,
} from "../platform/clients.ts";
import { connectHosted, type HostedSignIn } from "./hosted.ts";
import { poolUrl } from "./pool-url.ts";

export interface SignInDeps extends Pick<Platform, "table" | "secrets" | "log"> {
  readonly hosted: HostedSignIn;
  /** 256 random bits as base64url. */
  readonly randomSecret: () => string;
  /** Origins to which codes may be sent, beside our own. */
  readonly origins: readonly string[];
  readonly clients: PlatformClients;
  readonly registrations: PlatformRegistrations;
}

export function signInDeps({ table, secrets, log }: Platform): SignInDeps {
  const read = readSettings([
    ...(["USER_POOL_ID", "POOL_URL", "AWS_ENDPOINT_URL", "BROWSER_ORIGINS"] as const),
    ...clientNames,
    ...registrationNames,
  ]);
  return {
    table,
    secrets,
    log,
    hosted: connectHosted({ url: poolUrl(read), user_pool_id: read.USER_POOL_ID, endpoint: read.AWS_ENDPOINT_URL }),
    randomSecret: () => randomBytes(32).toString("base64url"),
    origins: read.BROWSER_ORIGINS,
    clients: platformClients(read),
    registrations: platformRegistrations(read),
  };
}
