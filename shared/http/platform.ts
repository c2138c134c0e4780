import type { createAuthenticator } from "../access/authenticate.ts";
import type { Clock } from "../clock.ts";
import type { Table } from "../dynamo/table.ts";
import type { Log } from "../observability/log.ts";
import type { Meter } from "../observability/metrics.ts";
import type { SecretContext } from "../secrets/schema.ts";
import type { TenantCredentials } from "../tenancy/credentials.ts";

/** Encrypts a text for one tenant and one field; nothing else can read it back. */
export interface Sealer {
  encrypt(plaintext: string, context: SecretContext): Promise<string>;
  decrypt(sealed: string, context: SecretContext): Promise<string>;
}

/** What every room's functions stand on; built once per cold start, replaced as a whole in tests. */
export interface Platform {
  readonly table: Table;
  readonly clock: Clock;
  readonly authenticate: ReturnType<typeof createAuthenticator>;
  readonly secrets: Sealer;
  readonly log: Log;
  readonly meter: Meter;
  readonly limits: { readonly user: number; readonly address: number };
  /** By which requests reach one organization and no other; undefined where the deployment has no such wall. */
  readonly tenants?: Pick<TenantCredentials, "of"> | undefined;
}
