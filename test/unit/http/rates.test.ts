import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Authentication } from "../../../shared/access/authenticate.ts";
import { rightsFrom } from "../../../shared/access/grants.ts";
import { unauthenticated } from "../../../shared/access/unauthenticated.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { operation } from "../../../shared/http/operation.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { silentMeter } from "../../../shared/observability/metrics.ts";
import { storedCounter } from "../../support/counter-table.ts";
import { organizationNamed } from "../../support/organization.ts";

const at = "2026-01-01T00:00:00.000Z";
const principal = { type: "user", id: "usr_x" } as const;
const member = {
  organization_id: "org_x",
  user_id: "usr_x",
  role: "viewer",
  joined_via: "registration",
  status: "active",
  primary: true,
  joined_at: at,
  last_seen_on: "0000-00-00",
  name_key: "ada",
  updated_at: at,
  etag: "e",
} as const;
const signedIn = (): Authentication => ({
  principal,
  rights: rightsFrom(principal, organizationNamed("org_x"), member),
  session: undefined,
  signedIn: undefined,
  also: undefined,
  operator: undefined,
});
const shape = { method: "GET", summary: "", request: {}, response: z.object({}), success: 200, errors: [] } as const;
const operations = {
  list: operation({
    ...shape,
    id: "things.list",
    path: "/things",
    permission: "agents:read",
    resource: { type: "agent", list: true },
  }),
  own: operation({ ...shape, id: "things.own", path: "/things/own", permission: "authenticated" }),
  open: operation({ ...shape, id: "things.open", path: "/things/open", permission: "public" }),
};

const dynamo = mockClient(DynamoDBDocumentClient);
const LIMIT = 60;
let authenticate: () => Promise<Authentication>;
let asked: number;

const counter = (total: number) => storedCounter(total, new Date(at));
/** The table says that the counters whose keys contain this are used up. */
const full = (key: string) =>
  dynamo
    .on(UpdateCommand)
    .resolves({ Attributes: counter(1) })
    .on(UpdateCommand, { Key: { pk: key, sk: "RATE" } })
    .rejects(
      new ConditionalCheckFailedException({
        message: "",
        $metadata: {},
        Item: marshall(counter(LIMIT * 100)) as never,
      }),
    );

beforeEach(() => {
  dynamo.reset();
  dynamo.on(UpdateCommand).resolves({ Attributes: counter(1) });
  authenticate = async () => signedIn();
  asked = 0;
});

/** Sends one request to a new dispatcher. @returns its status, what was counted in order, and whether a handler was asked */
async function send(path: string) {
  const table = new Table("table", DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-west-1" })));
  const platform = {
    table,
    clock: { now: () => new Date(at) },
    authenticate: () => authenticate(),
    secrets: { encrypt: async (text: string) => text, decrypt: async (text: string) => text },
    log: silentLog,
    meter: silentMeter,
    limits: { user: LIMIT, address: LIMIT },
  };
  const handler = async () => {
    asked++;
    return {};
  };
  const dispatch = createDispatcher(operations, { list: handler, own: handler, open: handler }, platform, {});
  const { status } = await dispatch({
    method: "GET",
    path: `/api/v1${path}`,
    query: "",
    headers: {},
    body: undefined,
    ip: "192.0.2.7",
  });
  const counted = dynamo.commandCalls(UpdateCommand).map(({ args }) => String(args[0].input.Key?.pk));
  return { status, counted, asked };
}

const USER = "T#platform#RATE#user:usr_x";
const ORGANIZATION = "T#org_x#RATE#organization";
const ADDRESS = "T#platform#RATE#address:192.0.2.7";

describe("a request is counted", () => {
  it("for the caller first, then for the organization", async () => {
    expect(await send("/things")).toEqual({ status: 200, counted: [USER, ORGANIZATION], asked: 1 });
  });

  it("for the organization only when the caller's own limit has admitted it", async () => {
    full(USER);
    const refused = await send("/things");
    expect([refused.status, refused.asked]).toEqual([429, 0]);
    expect(new Set(refused.counted)).toEqual(new Set([USER]));
  });

  it("and refused when the organization's limit is reached, which keeps nobody from what is about themselves", async () => {
    full(ORGANIZATION);
    expect(await send("/things")).toMatchObject({ status: 429, asked: 0 });
    dynamo.resetHistory();
    expect(await send("/things/own")).toEqual({ status: 200, counted: [USER], asked: 1 });
  });

  it("by its address when nobody is known: refused credentials, public operations, paths that lead nowhere", async () => {
    authenticate = async () => {
      throw unauthenticated();
    };
    expect(await send("/things")).toEqual({ status: 401, counted: [ADDRESS], asked: 0 });
    dynamo.resetHistory();
    expect(await send("/nothing")).toEqual({ status: 404, counted: [ADDRESS], asked: 0 });
    dynamo.resetHistory();
    expect(await send("/things/open")).toEqual({ status: 200, counted: [ADDRESS], asked: 1 });
  });

  it("by its address, so that whoever tries credentials is told to wait, and not whether they are right", async () => {
    authenticate = async () => {
      throw unauthenticated();
    };
    full(ADDRESS);
    const refused = await send("/things");
    expect([refused.status, refused.asked]).toEqual([429, 0]);
    expect(new Set(refused.counted)).toEqual(new Set([ADDRESS]));
  });
});
