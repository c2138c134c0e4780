import { createAuthenticator } from "./access/authenticate.ts";
import { createTokenVerifier } from "./access/token.ts";
import { systemClock } from "./clock.ts";
import { readSettings } from "./config/settings.ts";
import { Table } from "./dynamo/table.ts";
import type { Platform } from "./http/platform.ts";
import { createLog } from "./observability/log.ts";
import { createMeter } from "./observability/metrics.ts";
import { connectKmsKeys, createSecrets, type DataKeys } from "./secrets/index.ts";
import { sealer } from "./secrets/sealer.ts";

const PLATFORM = [
  "TABLE_NAME",
  "KEY_ARN",
  "USER_POOL_ID",
  "RATE_LIMIT_USER",
  "RATE_LIMIT_ADDRESS",
  "AWS_ENDPOINT_URL",
] as const;

/**
 * Builds the platform of a function from its settings, once per cold start.
 * @param keys where its data keys come from; without it, from a client that is loaded with the first secret
 */
export function connectPlatform(service: string, keys: (keyId: string) => DataKeys = connectKmsKeys): Platform {
  const settings = readSettings(PLATFORM);
  const table = Table.connect(settings.TABLE_NAME);
  const tokens = createTokenVerifier({
    userPoolId: settings.USER_POOL_ID,
    endpoint: settings.AWS_ENDPOINT_URL,
  });
  return {
    table,
    clock: systemClock,
    authenticate: createAuthenticator(table, tokens),
    secrets: sealer(createSecrets({ keys: keys(settings.KEY_ARN) })),
    log: createLog(service),
    meter: createMeter(service),
    limits: { user: settings.RATE_LIMIT_USER, address: settings.RATE_LIMIT_ADDRESS },
  };
}
