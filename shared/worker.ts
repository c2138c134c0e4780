import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { systemClock } from "./clock.ts";
import { readSettings } from "./config/settings.ts";
import { Table } from "./dynamo/table.ts";
import type { Platform } from "./http/platform.ts";
import { createLog } from "./observability/log.ts";
import { createMeter } from "./observability/metrics.ts";
import { connectKmsKeys, createSecrets, type DataKeys } from "./secrets/index.ts";
import { sealer } from "./secrets/sealer.ts";

/** What a function stands on that serves no request: nobody signs in to it. */
export type Worker = Omit<Platform, "authenticate" | "limits" | "tenants">;

/**
 * Builds what a worker stands on from its settings, once per cold start.
 * @param keys where its data keys come from; without it, from a client that is loaded with the first secret
 * @param client the table's; without it, one that signs everything with the function's own credentials
 */
export function connectWorker(
  service: string,
  keys: (keyId: string) => DataKeys = connectKmsKeys,
  client?: DynamoDBClient,
): Worker {
  const settings = readSettings(["TABLE_NAME", "KEY_ARN"]);
  return {
    table: Table.connect(settings.TABLE_NAME, client),
    clock: systemClock,
    secrets: sealer(createSecrets({ keys: keys(settings.KEY_ARN) })),
    log: createLog(service),
    meter: createMeter(service),
  };
}
