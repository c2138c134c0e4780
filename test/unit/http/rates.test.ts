import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  ProvisionedThroughputExceededException,
} from "@aws-sdk/client-dynamodb";
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
import { type OperationShape, operation } from "../../../shared/http/operation.ts";
import { type RateClassName, rateClasses, rateClassNames } from "../../../shared/limits/classes.ts";
import { silentLog } from "../../../shared/observability/log.ts";
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
const about = { permission: "agents:read", resource: { type: "agent", list: true } } as const;
/** One operation of each class, of the organization. */
const ofClass = Object.fromEntries(
  rateClassNames.map((name) => [
    name,
    operation({ ...shape, ...about, id: `things.${name}`, path: `/things/${name}`, rate_class: name }),
  ]),
) as unknown as Record<RateClassName, OperationShape>;
const operations = {
  ...ofClass,
  list: operation({
    ...shape,
    id: "things.list",
    path: "/things",
    permission: "agents:read",
    resource: { type: "agent", list: true },
  }),
  own: operation({ ...shape, id: "things.own", path: "/things/own", permission: "authenticated" }),
  open: operation({ ...shape, id: "things.open", path: "/things/open", permission: "public" }),
  enter: operation({ ...shape, method: "POST", id: "things.enter", path: "/things/enter", permission: "public" }),
};

const dynamo = mockClient(DynamoDBDocumentClient);
const LIMIT = 60;
let authenticate: () => Promise<Authentication>;
let asked: number;
let metrics: string[];

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

/** The table does not take what these counters are asked, however often. */
const silent = (...keys: string[]) => {
  for (const pk of keys)
    dynamo
      .on(UpdateCommand, { Key: { pk, sk: "RATE" } })
      .rejects(new ProvisionedThroughputExceededException({ message: "slow down", $metadata: {} }));
};

beforeEach(() => {
  dynamo.reset();
  dynamo.on(UpdateCommand).resolves({ Attributes: counter(1) });
  authenticate = async () => signedIn();
  asked = 0;
  metrics = [];
});

/** Sends one request to a new dispatcher. @returns its status, what was counted in order, and whether a handler was asked */
async function send(path: string, method = "GET") {
  const table = new Table("table", DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-west-1" })));
  const platform = {
    table,
    clock: { now: () => new Date(at) },
    authenticate: () => authenticate(),
    secrets: { encrypt: async (text: string) => text, decrypt: async (text: string) => text },
    log: silentLog,
    meter: { request() {}, count: (name: string) => void metrics.push(name) },
    limits: { user: LIMIT, address: LIMIT },
  };
  const handler = async () => {
    asked++;
    return {};
  };
  const handlers = Object.fromEntries(Object.keys(operations).map((name) => [name, handler]));
  const dispatch = createDispatcher(operations as Record<string, OperationShape>, handlers as never, platform, {});
  const { status, headers } = await dispatch({
    method,
    path: `/api/v1${path}`,
    query: "",
    headers: {},
    body: undefined,
    ip: "192.0.2.7",
  });
  const counted = dynamo.commandCalls(UpdateCommand).map(({ args }) => String(args[0].input.Key?.pk));
  answered = headers ?? {};
  return { status, counted, asked };
}
let answered: Readonly<Record<string, string>>;

const USER = "T#platform#RATE#user:usr_x:read";
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

const counterOfClass = (name: RateClassName) => `T#platform#RATE#user:usr_x:${name}`;

describe("classes of operations", () => {
  it.each(rateClassNames)(
    "%s is counted for itself, in place of the caller's other requests, and named",
    async (name) => {
      expect(await send(`/things/${name}`)).toEqual({
        status: 200,
        counted: [counterOfClass(name), ORGANIZATION],
        asked: 1,
      });
      const limit = LIMIT / rateClasses[name].part;
      expect(answered["ratelimit-policy"]).toBe(`"${name}";q=${limit};w=60, "organization";q=1000;w=60`);
      expect(answered.ratelimit).toContain(`"${name}";r=${limit - 1};t=`);
    },
  );

  it.each(rateClassNames)("%s at its limit keeps nobody from any other", async (used) => {
    for (const name of rateClassNames) {
      full(counterOfClass(used));
      expect([name, (await send(`/things/${name}`)).status]).toEqual([name, name === used ? 429 : 200]);
      dynamo.reset();
    }
  });

  it("that are tried without a token are counted by address apart from what else the address does", async () => {
    const enter = `${ADDRESS}:sign_in`;
    expect(await send("/things/enter", "POST")).toEqual({ status: 200, counted: [enter], asked: 1 });
    expect(answered["ratelimit-policy"]).toBe(`"sign_in";q=${LIMIT / 3};w=60`);
    full(enter);
    expect((await send("/things/enter", "POST")).status).toBe(429);
    expect((await send("/things/open")).status).toBe(200);
  });

  it("bind a key beside its own limit where they are scarce and smaller, and cost nothing besides where they are not", async () => {
    const key = { type: "api_key", id: "key_x" } as const;
    const withRate = (rate_limit: number) => {
      authenticate = async () => ({ ...signedIn(), principal: key, rate_limit });
      dynamo.resetHistory();
    };
    const [own, scarce] = ["T#platform#RATE#api_key:key_x", "T#platform#RATE#api_key:key_x:execute"];
    withRate(1_000);
    expect((await send("/things/execute")).counted).toEqual([own, scarce, ORGANIZATION]);
    expect(answered["ratelimit-policy"]).toBe('"api_key";q=1000;w=60, "execute";q=10;w=60, "organization";q=1000;w=60');
    withRate(10);
    expect((await send("/things/execute")).counted).toEqual([own, ORGANIZATION]);
    for (const plain of ["read", "write"]) {
      withRate(1_000);
      expect((await send(`/things/${plain}`)).counted).toEqual([own, ORGANIZATION]);
    }
  });
});

describe("a counter that does not answer", () => {
  const mode = (uncounted: string) => rateClassNames.filter((name) => rateClasses[name].uncounted === uncounted);

  it("refuses tries to sign in and what costs money, and nothing else", () => {
    expect(mode("admitted")).toEqual(["read", "write"]);
    expect(mode("refused")).toEqual(["sign_in", "execute", "stream", "export"]);
  });

  it.each(mode("admitted"))("lets %s through without its headers, and says so in a metric", async (name) => {
    silent(counterOfClass(name));
    expect(await send(`/things/${name}`)).toMatchObject({ status: 200, asked: 1 });
    expect([answered["ratelimit-policy"], metrics]).toEqual(['"organization";q=1000;w=60', ["uncounted_requests"]]);
    silent(counterOfClass(name), ORGANIZATION);
    expect(await send(`/things/${name}`)).toMatchObject({ status: 200 });
    expect(Object.keys(answered).filter((header) => header.startsWith("ratelimit"))).toEqual([]);
  });

  it.each(mode("refused"))("refuses %s with 503 and when to come again, whichever counter it is", async (name) => {
    for (const counter of [counterOfClass(name), ORGANIZATION]) {
      dynamo.reset();
      dynamo.on(UpdateCommand).resolves({ Attributes: storedCounter(1, new Date(at)) });
      silent(counter);
      expect(await send(`/things/${name}`)).toMatchObject({ status: 503, asked: 0 });
      expect(answered["retry-after"]).toBe("3");
    }
    expect(metrics).toEqual(["uncounted_requests", "uncounted_requests"]);
  });

  it("refuses whoever tries to sign in, and lets those through who read what is public", async () => {
    silent(ADDRESS, `${ADDRESS}:sign_in`);
    expect(await send("/things/enter", "POST")).toMatchObject({ status: 503, asked: 0 });
    expect(await send("/things/open")).toMatchObject({ status: 200, asked: 1 });
  });
});
