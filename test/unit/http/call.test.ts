import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Authentication } from "../../../shared/access/authenticate.ts";
import { noMembership, rightsFrom } from "../../../shared/access/grants.ts";
import type { BuiltInRole } from "../../../shared/access/roles.ts";
import { unauthenticated } from "../../../shared/access/unauthenticated.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import type { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { operation } from "../../../shared/http/operation.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { defineResource } from "../../../shared/http/resource.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { silentMeter } from "../../../shared/observability/metrics.ts";
import { storedCounter } from "../../support/counter-table.ts";

const at = "2026-01-01T00:00:00.000Z";
const stamps = { created_at: at, updated_at: at, etag: "e" };
const organization = {
  ...stamps,
  id: "org_x",
  name: "Acme",
  slug: "acme",
  status: "active",
  suspension: null,
  deletion: null,
  plan: "free",
  settings: UNSET,
  created_by: "usr_x",
} as const;
const principal = { type: "user", id: "usr_x" } as const;

const membership = (role: BuiltInRole) =>
  ({
    organization_id: "org_x",
    user_id: "usr_x",
    role,
    joined_via: "registration",
    status: "active",
    primary: true,
    joined_at: at,
    last_seen_on: "0000-00-00",
    name_key: "ada",
    updated_at: at,
    etag: "e",
  }) as const;

/** Whoever authenticates next: with a role, or refused. */
let next: () => Authentication;
const as = (role: BuiltInRole) => (): Authentication => ({
  principal,
  rights: rightsFrom(principal, organization, membership(role)),
  session: undefined,
  signedIn: undefined,
  also: undefined,
  operator: undefined,
});
const outside = (): Authentication => ({ ...as("viewer")(), rights: noMembership() });

const dynamo = mockClient(DynamoDBDocumentClient);
const table = new Table("table", DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-west-1" })));
const platform: Platform = {
  table,
  clock: { now: () => new Date(at) },
  authenticate: async () => next(),
  secrets: { encrypt: async (text) => text, decrypt: async (text) => text },
  log: silentLog,
  meter: silentMeter,
  limits: { user: 10, address: 10 },
};

beforeEach(() => {
  dynamo.reset();
  dynamo.on(UpdateCommand).resolves({
    Attributes: {
      ...storedCounter(1, new Date(at)),
      principal: "s",
      minute: Date.parse(at) / 60_000,
      count: 1,
    },
  });
  dynamo.on(TransactWriteCommand).resolves({});
});

let reads = 0;
let stored: { id: string; size: number } | undefined;
const thing = defineResource({
  type: "agent",
  path: ["thing_id"],
  async read({ path }) {
    reads++;
    return path.thing_id === stored?.id ? stored : undefined;
  },
});
const get = operation({
  id: "things.get",
  method: "GET",
  path: "/things/{thing_id}",
  summary: "",
  permission: "agents:read",
  besides: ["agents:update"],
  resource: thing,
  request: { path: z.object({ thing_id: z.string() }) },
  response: z.object({ size: z.number() }),
  success: 200,
  errors: [],
});
type Got = Call<typeof get>;

/** Sends one request to a handler; gives the answer's status and body. */
async function send(handler: (call: Got) => Promise<{ size: number }>, id = "one") {
  reads = 0;
  stored = { id: "one", size: 1 };
  const dispatch = createDispatcher({ get }, { get: handler }, platform, {});
  const answer = await dispatch({
    method: "GET",
    path: `/api/v1/things/${id}`,
    query: "",
    headers: {},
    body: undefined,
    ip: "::1",
  });
  return { status: answer.status, body: JSON.parse(String(answer.body)) };
}

describe("what a handler gets of the thing that its path names", () => {
  beforeEach(() => {
    next = as("developer");
  });

  it("is read when it is asked for, once, and again only when it is wanted fresh", async () => {
    const answer = await send(async (call) => {
      const [first, second] = await Promise.all([call.load(), call.load()]);
      expect(second).toBe(first);
      expect(reads).toBe(1);
      stored = { id: "one", size: 2 };
      expect(await call.load()).toEqual({ id: "one", size: 1 });
      expect(await call.load({ fresh: false })).toEqual({ id: "one", size: 1 });
      expect(await call.load({ fresh: true })).toEqual({ id: "one", size: 2 });
      return call.load();
    });
    expect(answer).toEqual({ status: 200, body: { size: 2 } });
    expect(reads).toBe(2);
  });

  it("is not read for a handler that does not ask", async () => {
    expect((await send(async () => ({ size: 7 }))).status).toBe(200);
    expect(reads).toBe(0);
  });

  it("is 404 when there is none, whatever the handler would have done", async () => {
    const answer = await send((call) => call.load(), "other");
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});

describe("who a handler sees", () => {
  it("is a principal in an organization with grants: no user, no session, no membership", async () => {
    next = as("viewer");
    await send(async ({ caller, may }) => {
      expect(Object.keys(caller).sort()).toEqual(["grants", "organization", "principal"]);
      expect([may("agents:read"), may("agents:update")]).toEqual([true, false]);
      // @ts-expect-error Of what its operation does not name no policy was asked, so a handler cannot ask for it.
      expect(may("agents:delete")).toBe(false);
      return { size: 1 };
    });
  });

  it("is nobody without the permission: the handler is not called and nothing is read", async () => {
    next = as("billing_admin");
    const answer = await send(async () => {
      throw new Error("called");
    });
    expect(answer).toMatchObject({ status: 403, body: { code: "forbidden", permission: "agents:read" } });
    expect(reads).toBe(0);
  });
});

describe("a check of the caller while an answer is under way", () => {
  const codeAfter = async (change: typeof next): Promise<string> => {
    next = as("developer");
    let code = "none";
    await send(async (call) => {
      next = change;
      await call.recheck().catch((refusal: Problem) => {
        code = refusal.code;
      });
      return { size: 1 };
    });
    return code;
  };

  it("passes as long as the next request would, also after another role that has the permission", async () => {
    expect(await codeAfter(as("developer"))).toBe("none");
    expect(await codeAfter(as("viewer"))).toBe("none");
  });

  it("gives the refusal that the next request would get", async () => {
    expect(await codeAfter(as("billing_admin"))).toBe("forbidden");
    expect(await codeAfter(outside)).toBe("membership_inactive");
    const signedOut = () => {
      throw unauthenticated();
    };
    expect(await codeAfter(signedOut)).toBe("unauthenticated");
  });
});
