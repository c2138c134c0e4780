import {
  DynamoDBClient,
  ProvisionedThroughputExceededException,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, it } from "vitest";
import type { AuthDeps } from "../../../functions/auth/deps.ts";
import * as handlers from "../../../functions/auth/handlers.ts";
import { operations } from "../../../functions/auth/operations.ts";
import { systemClock } from "../../../shared/clock.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { PLATFORM, sessionItem, userItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { silentMeter } from "../../../shared/observability/metrics.ts";
import { storedCounter } from "../../support/counter-table.ts";

// Faults that no engine can be made to produce on demand: the one place where the database is not a real one.
const database = mockClient(DynamoDBDocumentClient);
const table = new Table("table", DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-west-1" })));

const throttled = () => new ProvisionedThroughputExceededException({ message: "slow down", $metadata: {} });
const canceled = (...codes: string[]) =>
  new TransactionCanceledException({
    message: "canceled",
    $metadata: {},
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

const platform: Platform = {
  table,
  clock: systemClock,
  authenticate: () => Promise.reject(new Error("these operations are public")),
  secrets: { encrypt: async (text) => `sealed:${text}`, decrypt: async (text) => text.slice("sealed:".length) },
  log: silentLog,
  meter: silentMeter,
  limits: { user: 100, address: 100 },
};

const SECRET = "s".repeat(43);
const registration = {
  id: newId("registration", new Date()),
  status: "pending",
  email: "a@example.com",
  name: "A",
  language: null,
  organization_name: "A",
  organization_slug: null,
  secret_hash: sha256(SECRET),
  sealed_token: "sealed",
  mails: 1,
  created_at: "2026-01-01T00:00:00.000Z",
  expires_at: "9999-01-01T00:00:00.000Z",
};

const deleted: string[] = [];
const deps = (identities: Partial<AuthDeps["identities"]> = {}): AuthDeps => ({
  table,
  secrets: platform.secrets,
  identities: {
    createUser: async () => "sub",
    deleteUser: async (id) => void deleted.push(id),
    setPassword: async () => {},
    signIn: async () => ({
      sub: "sub",
      access_token: "token",
      refresh_token: "provider",
      expires_in: 900,
      origin_jti: "family",
      client_id: "client",
    }),
    refresh: async () => undefined,
    revoke: async () => {},
    ...identities,
  },
  randomSecret: () => SECRET,
  origin_factor: 1,
  registration: { open: true, domains: [] },
});

const register = (withDeps: AuthDeps) =>
  createDispatcher(
    operations,
    handlers,
    platform,
    withDeps,
  )({
    method: "POST",
    path: "/api/v1/auth/verify-email",
    query: "",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: `${registration.id}.${SECRET}`, password: "correct horse battery" }),
    ip: "192.0.2.1",
  });

beforeEach(() => {
  database.reset();
  deleted.length = 0;
  database.on(UpdateCommand).resolves({
    Attributes: { ...storedCounter(1, new Date()), window: "x", count: 1, expires_at: "x" },
  });
  database.on(GetCommand).resolves({});
  database
    .on(GetCommand, { Key: { pk: `T#${PLATFORM}#REGISTRATION#${registration.id}`, sk: "REGISTRATION" } })
    .resolves({ Item: registration });
  database.on(TransactWriteCommand).resolves({});
});

describe("a fault of the cloud is 503, says when to try again, and leaves nothing half-written", () => {
  const expectUnavailable = (answer: Awaited<ReturnType<typeof register>>) => {
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
    expect(JSON.parse(String(answer.body))).toMatchObject({ code: "service_unavailable", status: 503 });
    expect(String(answer.body)).not.toContain("slow down");
  };

  it("when the table does not answer a transaction: it may have been written, so the account made for it stays", async () => {
    database.on(TransactWriteCommand).rejects(throttled());
    expectUnavailable(await register(deps()));
    expect(deleted).toHaveLength(0);
  });

  it("when the identity provider fails before the transaction: the account is deleted again", async () => {
    const failing = () =>
      Promise.reject(new Problem("service_unavailable", "Later.", { headers: { "retry-after": "5" } }));
    expectUnavailable(await register(deps({ signIn: failing })));
    expect(database.commandCalls(TransactWriteCommand)).toHaveLength(0);
    expect(deleted).toHaveLength(1);
  });

  it("when the table throttles a read before anything was done", async () => {
    database.on(GetCommand).rejects(throttled());
    expectUnavailable(await register(deps()));
    expect(database.commandCalls(TransactWriteCommand)).toHaveLength(0);
    expect(deleted).toHaveLength(0);
  });

  it("when a transaction collides again and again", async () => {
    database.on(TransactWriteCommand).rejects(canceled("TransactionConflict", "None"));
    expectUnavailable(await register(deps()));
    expect(database.commandCalls(TransactWriteCommand).length).toBeGreaterThan(3);
  });

  it("a transaction that collides once is tried again with the same token, so it cannot be written twice", async () => {
    database.on(TransactWriteCommand).rejectsOnce(canceled("TransactionConflict")).resolves({});
    expect((await register(deps())).status).toBe(201);
    const tokens = database.commandCalls(TransactWriteCommand).map((call) => call.args[0].input.ClientRequestToken);
    expect(tokens).toHaveLength(2);
    expect(new Set(tokens).size).toBe(1);
  });

  it("an unexpected fault shows nothing of its text", async () => {
    const answer = await register(deps({ createUser: () => Promise.reject(new Error("secret internals")) }));
    expect(answer.status).toBe(500);
    expect(String(answer.body)).not.toContain("internals");
    expect(JSON.parse(String(answer.body)).code).toBe("internal_error");
  });
});

describe("a refused registration", () => {
  it("leaves no account behind", async () => {
    database.on(TransactWriteCommand).rejects(canceled("None", "ConditionalCheckFailed"));
    const answer = await register(deps());
    expect(answer.status).toBe(409);
    expect(deleted).toHaveLength(1);
  });
});

describe("a batch read", () => {
  it("asks again for keys that were not processed and answers with all of them", async () => {
    const read = [
      table.of(PLATFORM).read(userItem, { id: "u" }),
      table.of(PLATFORM).read(sessionItem, { sub: "s", origin_jti: "j" }),
    ] as const;
    const Keys = [{ pk: "T#platform#USER#u", sk: "USER" }];
    database
      .on(BatchGetCommand)
      .resolvesOnce({ Responses: { table: [] }, UnprocessedKeys: { table: { Keys } } })
      .resolves({ Responses: { table: [] } });
    expect(await table.batch(read)).toEqual([undefined, undefined]);
    expect(database.commandCalls(BatchGetCommand)[1]?.args[0].input.RequestItems?.table?.Keys).toEqual(Keys);
  });
});
