import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectSts } from "../../../shared/tenancy/assume.ts";
import { notKept } from "../../../shared/tenancy/connect.ts";
import { beyondTenant, piecesWithin, TENANT_TAG, tenantAtWork, withinTenant } from "../../../shared/tenancy/scope.ts";

const TENANT = "org_01J00000000000000000000001";
const ROLE = "arn:aws:iam::000000000000:role/us-east-1/kaizen/agents-api/Role";
const GIVEN = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
  <AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>a+b/c=</SecretAccessKey><SessionToken>tok+en==</SessionToken>
  <Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
const refused = (code: string) =>
  `<ErrorResponse><Error><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;

type Reply = readonly [status: number, body: string];

/** What stands for AWS: answers as it is told to, the last reply for ever, and remembers what it was asked. */
const replies: Reply[] = [];
const asked: { readonly authorization: string; readonly body: string }[] = [];
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  let body = "";
  request.on("data", (piece) => {
    body += piece;
  });
  request.on("end", () => {
    asked.push({ authorization: request.headers.authorization ?? "", body });
    const [status, text] = (replies.length > 1 ? replies.shift() : replies[0]) ?? [500, ""];
    response.writeHead(status).end(text);
  });
});
let endpoint: string;
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const own = { accessKeyId: "AKIAOWN", secretAccessKey: "s", sessionToken: "t" };
const { sha256 } = new DynamoDBClient({ region: "us-east-1", credentials: own }).config;
const askWith = (...given: readonly Reply[]) => {
  replies.splice(0, replies.length, ...given);
  asked.splice(0);
  return connectSts({ role_arn: ROLE, region: "us-east-1", endpoint, credentials: own, sha256 })(TENANT);
};

describe("taking a role for a tenant", () => {
  it("names the tenant as its tag and its session, and is signed by the function's own credentials for STS", async () => {
    expect(await askWith([200, GIVEN])).toEqual({
      accessKeyId: "ASIAEXAMPLE",
      secretAccessKey: "a+b/c=",
      sessionToken: "tok+en==",
      expiration: new Date("2026-01-01T01:00:00Z"),
    });
    expect(asked).toHaveLength(1);
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: ROLE,
      RoleSessionName: TENANT,
      DurationSeconds: "3600",
      "Tags.member.1.Key": TENANT_TAG,
      "Tags.member.1.Value": TENANT,
    });
    expect(asked[0]?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIAOWN\/\d{8}\/us-east-1\/sts\/aws4_request, SignedHeaders=/,
    );
  });

  it.each([
    ["is throttled", [400, refused("Throttling")]],
    ["fails inside", [500, ""]],
    ["is not there for a moment", [503, refused("ServiceUnavailable")]],
  ] as const)("is tried again where STS %s", async (_, reply) => {
    expect((await askWith(reply, reply, [200, GIVEN])).accessKeyId).toBe("ASIAEXAMPLE");
    expect(asked).toHaveLength(3);
  });

  it("ends after some tries where STS goes on to refuse", async () => {
    await expect(askWith([400, refused("Throttling")])).rejects.toMatchObject({ code: "service_unavailable" });
    expect(asked).toHaveLength(5);
  });

  it("is not tried again where the role lets nobody in, and says what STS said", async () => {
    await expect(askWith([403, refused("AccessDenied")])).rejects.toThrow("STS answered 403 AccessDenied: no");
    expect(asked).toHaveLength(1);
  });

  it("gives nothing where an answer lacks a part", async () => {
    await expect(askWith([200, GIVEN.replace(/<SessionToken>.*?<\/SessionToken>/, "")])).rejects.toThrow(
      "STS gave credentials without SessionToken",
    );
  });
});

describe("a client whose credentials depend on what is done", () => {
  const keyOf = (name: string | undefined) => `KEY${name ?? "own"}`;
  const client = () =>
    new DynamoDBClient({
      endpoint,
      region: "us-east-1",
      credentials: notKept(async () => ({ accessKeyId: keyOf(tenantAtWork()), secretAccessKey: "s" })),
    });
  const signedBy = async (within: <T>(work: () => T) => T, on: DynamoDBClient): Promise<string | undefined> => {
    replies.splice(0, replies.length, [200, "{}"]);
    asked.splice(0);
    await within(() => on.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } })));
    return /Credential=(\w+)\//.exec(asked[0]?.authorization ?? "")?.[1];
  };

  it("asks for them with each request: those of one tenant sign nothing of another", async () => {
    const on = client();
    for (const tenant of ["a", "b", "a"])
      expect(await signedBy((work) => withinTenant(tenant, work), on)).toBe(`KEY${tenant}`);
    expect(await signedBy((work) => work(), on)).toBe("KEYown");
    expect(await signedBy((work) => withinTenant("a", () => beyondTenant(work)), on)).toBe("KEYown");
  });

  it("keeps requests apart that go on at the same time", async () => {
    const seen = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        withinTenant(`t${i}`, async () => {
          await new Promise((resolve) => setTimeout(resolve, 20 - i));
          return tenantAtWork();
        }),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => `t${i}`));
  });

  it("knows the tenant in pieces that somebody else asks for later, to the end that they are given", async () => {
    const seen: (string | undefined)[] = [];
    async function* made() {
      try {
        for (;;) {
          seen.push(tenantAtWork());
          yield "piece";
          await Promise.resolve();
        }
      } finally {
        seen.push(`end ${tenantAtWork()}`);
      }
    }
    let taken = 0;
    for await (const _ of withinTenant("a", () => piecesWithin("a", made()))) if (++taken === 2) break;
    expect(seen).toEqual(["a", "a", "end a"]);
  });
});
