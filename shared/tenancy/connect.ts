import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { fromEnv } from "@aws-sdk/credential-provider-env";
import { clientOptions } from "../aws/clients.ts";
import { systemClock } from "../clock.ts";
import { readSettings } from "../config/settings.ts";
import { connectSts } from "./assume.ts";
import { TenantCredentials } from "./credentials.ts";
import { tenantAtWork } from "./scope.ts";

/** The table's client of a function that answers requests, and whose credentials it signs with. */
export interface WalledClient {
  readonly client: DynamoDBClient;
  readonly tenants: TenantCredentials;
}

/**
 * The client that signs what is done for a tenant with the tenant's credentials, and everything else with the
 * function's own; undefined where the deployment has no such wall.
 */
export function connectWalled(): WalledClient | undefined {
  const { TENANT_ROLE_ARN, AWS_REGION, AWS_ENDPOINT_URL } = readSettings([
    "TENANT_ROLE_ARN",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
  ]);
  if (TENANT_ROLE_ARN === undefined) return undefined;
  const own = fromEnv();
  const signs = () => {
    const tenant = tenantAtWork();
    return tenant === undefined ? own() : tenants.of(tenant);
  };
  const client = new DynamoDBClient({ ...clientOptions("table"), credentials: notKept(signs) });
  const { sha256 } = client.config;
  const sts = { role_arn: TENANT_ROLE_ARN, region: AWS_REGION, endpoint: AWS_ENDPOINT_URL, credentials: own, sha256 };
  const tenants = new TenantCredentials(connectSts(sts), systemClock);
  return { client, tenants };
}

/** Credentials that the SDK asks for with each request: what calls itself memoized already it does not keep. */
export const notKept = <P extends object>(provider: P): P & { readonly memoized: true } =>
  Object.assign(provider, { memoized: true as const });
