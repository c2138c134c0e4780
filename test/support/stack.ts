import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { inject } from "vitest";
import { createAuthenticator } from "../../shared/access/authenticate.ts";
import { createTokenVerifier } from "../../shared/access/token.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { Table } from "../../shared/dynamo/table.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { silentLog } from "../../shared/observability/log.ts";
import { silentMeter } from "../../shared/observability/metrics.ts";
import { createSecrets, kmsKeys } from "../../shared/secrets/index.ts";
import * as kms from "../../shared/secrets/lazy/kms.ts";
import { sealer } from "../../shared/secrets/sealer.ts";
import { countUnits } from "./units/counter.ts";

/** Client settings for the stack of this test run. */
export const awsConfig = () => {
  const { endpoint, region } = inject("stack");
  return { endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
};

/**
 * The deployed table, on the emulator's real engine.
 * @param at the time by which items have expired, where a test does not happen now
 */
export const stackTable = (at?: Date): Table =>
  Table.connect(
    inject("stack").outputs.TableName ?? "",
    new DynamoDBClient(awsConfig()),
    at === undefined ? systemClock : { now: () => at },
  );

/** A platform for handlers that run inside the test process, against the deployed table, key and user pool. */
export function stackPlatform(clock: Clock = systemClock): Platform {
  const stack = inject("stack");
  const table = stackTable();
  const tokens = createTokenVerifier({
    userPoolId: stack.outputs.UserPoolId ?? "",
    endpoint: stack.endpoint,
  });
  return {
    table,
    clock,
    authenticate: createAuthenticator(table, tokens),
    secrets: sealer(createSecrets({ keys: kmsKeys(kms, new kms.KMSClient(awsConfig()), stack.outputs.KeyArn ?? "") })),
    log: silentLog,
    meter: silentMeter,
    limits: { user: 100_000, address: 100_000 },
  };
}

/** The deployed table behind a client whose calls and units are counted. */
export function countedTable(at?: Date): { readonly table: Table; readonly counter: ReturnType<typeof countUnits> } {
  const client = new DynamoDBClient(awsConfig());
  const counter = countUnits(client, new DynamoDBClient(awsConfig()));
  const clock = at === undefined ? systemClock : { now: () => at };
  return { table: Table.connect(inject("stack").outputs.TableName ?? "", client, clock), counter };
}
