import { createAuthenticator } from "./access/authenticate.ts";
import { createKeyAuthenticator } from "./access/keys/authenticate.ts";
import { Pepper } from "./access/keys/pepper.ts";
import { createTokenVerifier } from "./access/token.ts";
import { readSettings } from "./config/settings.ts";
import type { Platform } from "./http/platform.ts";
import type { DataKeys } from "./secrets/index.ts";
import { connectWalled } from "./tenancy/connect.ts";
import { connectWorker } from "./worker.ts";

const SERVING = ["USER_POOL_ID", "RATE_LIMIT_USER", "RATE_LIMIT_ADDRESS", "AWS_ENDPOINT_URL"] as const;

/** What a function stands on that serves requests: a worker's, and who may call it. */
export function connectPlatform(service: string, keys?: (keyId: string) => DataKeys): Platform {
  const { USER_POOL_ID, RATE_LIMIT_USER, RATE_LIMIT_ADDRESS, AWS_ENDPOINT_URL } = readSettings(SERVING);
  const walled = connectWalled();
  const worker = connectWorker(service, keys, walled?.client);
  const { table, secrets } = worker;
  const tokens = createTokenVerifier({ userPoolId: USER_POOL_ID, endpoint: AWS_ENDPOINT_URL });
  return {
    ...worker,
    authenticate: createAuthenticator(table, tokens, createKeyAuthenticator(table, new Pepper(table, secrets))),
    tenants: walled?.tenants,
    limits: { user: RATE_LIMIT_USER, address: RATE_LIMIT_ADDRESS },
  };
}
