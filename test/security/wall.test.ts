import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectSts } from "../../shared/tenancy/assume.ts";
import type { SessionCredentials } from "../../shared/tenancy/credentials.ts";
import { TENANT_TAG } from "../../shared/tenancy/scope.ts";
import { type Company, registerCompany } from "../support/api.ts";
import { bundleWith, deployVariant, type Edit, type Variant } from "../support/function-variant.ts";
import { credentialsOf, deployedFunction } from "../support/role-credentials.ts";

/** The function whose role is looked at; what its policy says is the same for all that answer requests (test/infra). */
const FUNCTION = "workspaces: api";
const INDEXES = ["gsi1", "gsi2", "gsi3", "gsi4"];

let own: Company;
let other: Company;
let like: Awaited<ReturnType<typeof deployedFunction>>;
/** Who the function is by its own role. */
let plain: DynamoDBClient;
/** Who it is for a request of the first company. */
let walled: DynamoDBClient;
let session: SessionCredentials;
let TableName: string;

const clientOf = (credentials: SessionCredentials | ReturnType<typeof credentialsOf>): DynamoDBClient => {
  const { endpoint, region } = inject("stack");
  return new DynamoDBClient({ endpoint, region, credentials: { ...credentials }, maxAttempts: 1 });
};
const stsOf = (credentials: SessionCredentials | ReturnType<typeof credentialsOf>, role_arn = like.Role) => {
  const { endpoint, region } = inject("stack");
  return connectSts({ role_arn, region, endpoint, credentials: { ...credentials }, sha256: plain.config.sha256 });
};

beforeAll(async () => {
  [own, other] = await Promise.all([registerCompany(), registerCompany()]);
  // Called once, so that the local AWS has given it its credentials.
  for (const company of [own, other]) expect((await company.call("GET", "/workspaces")).status).toBe(200);
  TableName = inject("stack").outputs.TableName ?? "";
  like = await deployedFunction(FUNCTION);
  plain = clientOf(credentialsOf(like));
  session = await stsOf(credentialsOf(like))(own.organization_id);
  walled = clientOf(session);
});

const keyIn = (tenant: string) => ({ pk: { S: `T#${tenant}#WALL` }, sk: { S: "WALL" } });
const query = (pk: string, IndexName?: string) =>
  new QueryCommand({
    TableName,
    ...(IndexName === undefined ? {} : { IndexName }),
    KeyConditionExpression: "#pk = :pk",
    ExpressionAttributeNames: { "#pk": IndexName === undefined ? "pk" : `${IndexName}pk` },
    ExpressionAttributeValues: { ":pk": { S: pk } },
  });
const batch = (...tenants: readonly string[]) =>
  new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: tenants.map(keyIn) } } });
const transact = (...TransactItems: readonly TransactWriteItem[]) =>
  new TransactWriteItemsCommand({ TransactItems: [...TransactItems] });
const put = (tenant: string) => ({ TableName, Item: { ...keyIn(tenant), note: { S: "x" } } });
const update = (tenant: string) => ({
  TableName,
  Key: keyIn(tenant),
  UpdateExpression: "SET note = :note",
  ExpressionAttributeValues: { ":note": { S: "y" } },
});
const remove = (tenant: string) => ({ TableName, Key: keyIn(tenant) });
const check = (tenant: string) => ({
  TableName,
  Key: keyIn(tenant),
  ConditionExpression: "attribute_not_exists(nothing)",
});

/** Everything that is done with items, by the tenant whose item it is. */
const actions = {
  GetItem: (tenant: string, by: DynamoDBClient) => by.send(new GetItemCommand({ TableName, Key: keyIn(tenant) })),
  Query: (tenant: string, by: DynamoDBClient) => by.send(query(keyIn(tenant).pk.S)),
  ...Object.fromEntries(
    INDEXES.map((index) => [
      `Query of ${index}`,
      (tenant: string, by: DynamoDBClient) => by.send(query(`T#${tenant}#AGENTS`, index)),
    ]),
  ),
  BatchGetItem: (tenant: string, by: DynamoDBClient) => by.send(batch(tenant)),
  PutItem: (tenant: string, by: DynamoDBClient) => by.send(new PutItemCommand(put(tenant))),
  UpdateItem: (tenant: string, by: DynamoDBClient) => by.send(new UpdateItemCommand(update(tenant))),
  DeleteItem: (tenant: string, by: DynamoDBClient) => by.send(new DeleteItemCommand(remove(tenant))),
  "Put of a transaction": (tenant: string, by: DynamoDBClient) => by.send(transact({ Put: put(tenant) })),
  "Update of a transaction": (tenant: string, by: DynamoDBClient) => by.send(transact({ Update: update(tenant) })),
  "Delete of a transaction": (tenant: string, by: DynamoDBClient) => by.send(transact({ Delete: remove(tenant) })),
  "ConditionCheck of a transaction": (tenant: string, by: DynamoDBClient) =>
    by.send(transact({ ConditionCheck: check(tenant) })),
  "Get of a transaction": (tenant: string, by: DynamoDBClient) =>
    by.send(new TransactGetItemsCommand({ TransactItems: [{ Get: remove(tenant) }] })),
};
const named = Object.entries(actions);

const DENIED = { name: "AccessDeniedException" };

describe("credentials of one organization", () => {
  it.each(named)("do %s with its own items", async (_, act) => {
    expect((await act(own.organization_id, walled)).$metadata.httpStatusCode).toBe(200);
  });

  it.each(named)("are denied %s with another organization's", async (_, act) => {
    await expect(act(other.organization_id, walled)).rejects.toMatchObject(DENIED);
  });

  it.each(named)("are denied %s with what is nobody's, or where the organization is forgotten", async (_, act) => {
    for (const tenant of ["", "undefined", `${own.organization_id}X`, own.organization_id.slice(0, -1)])
      await expect(act(tenant, walled), tenant).rejects.toMatchObject(DENIED);
  });

  it("reach what is the platform's: who people are is beyond the wall", async () => {
    expect((await actions.GetItem("platform", walled)).$metadata.httpStatusCode).toBe(200);
  });

  it("are denied a batch and a transaction of which one item is another's, as a whole", async () => {
    const [mine, theirs] = [own.organization_id, other.organization_id];
    await expect(walled.send(batch(mine, theirs))).rejects.toMatchObject(DENIED);
    await expect(walled.send(transact({ Put: put(mine) }, { ConditionCheck: check(theirs) }))).rejects.toMatchObject(
      DENIED,
    );
    expect((await plain.send(new GetItemCommand({ TableName, Key: keyIn(mine) }))).Item).toBeUndefined();
  });

  it("are denied the whole table and whole indexes", async () => {
    await expect(walled.send(new ScanCommand({ TableName, Limit: 1 }))).rejects.toMatchObject(DENIED);
    for (const IndexName of INDEXES)
      await expect(walled.send(new ScanCommand({ TableName, IndexName, Limit: 1 }))).rejects.toMatchObject(DENIED);
  });

  it("are of no use but with the table: they open no secret, read no file and take no other organization's", async () => {
    const { endpoint, region, outputs } = inject("stack");
    const aws = new AwsClient({ ...session, region, retries: 0 });
    const opened = await aws.fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.Decrypt" },
      body: JSON.stringify({ KeyId: outputs.KeyArn, CiphertextBlob: "AAAA" }),
      aws: { service: "kms" },
    });
    expect(await opened.text()).toContain("AccessDeniedException");
    await expect(stsOf(session)(other.organization_id)).rejects.toThrow("AccessDenied");
  });
});

describe("a function that answers requests", () => {
  it("takes its role under the name of an organization only", async () => {
    const take = stsOf(credentialsOf(like));
    for (const tenant of ["platform", "usr_01J00000000000000000000001", "*"])
      await expect(take(tenant), tenant).rejects.toThrow();
  });

  it("takes no other function's role", async () => {
    const agents = await deployedFunction("agents: api");
    await expect(stsOf(credentialsOf(like), agents.Role)(own.organization_id)).rejects.toThrow("AccessDenied");
  });
});

describe("a build of a function", () => {
  const ENTRY = "functions/workspaces/entries/api.ts";
  const variants: Variant[] = [];
  const variant = async (bundle: Uint8Array, settings: Readonly<Record<string, string | undefined>> = {}) => {
    const made = await deployVariant(like, bundle, settings);
    variants.push(made);
    return made;
  };
  afterAll(async () => {
    for (const made of variants) await made.remove();
  });
  /** One query of one handler asks for another organization's. */
  const mistaken = (): Edit => ({
    file: "functions/workspaces/handlers.ts",
    from: `"organization";
  const tenant = table.of(caller.organization.id);`,
    to: `"organization";
  const tenant = table.of(${JSON.stringify(other.organization_id)});`,
  });

  it("without a mistake answers with what is the caller's", async () => {
    const answer = await (await variant(await bundleWith(ENTRY, []))).get("/workspaces", own.token);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.items.map(({ id }: { id: string }) => id)).toEqual([own.workspace_id]);
  });

  it("that mistakes the organization in one query reads nothing, and says that it failed", async () => {
    const answer = await (await variant(await bundleWith(ENTRY, [mistaken()]))).get("/workspaces", own.token);
    expect(answer.status, answer.text).toBe(500);
    expect(answer.body).toMatchObject({ code: "internal_error", request_id: expect.stringMatching(/^req_/) });
    expect(answer.text).not.toContain(other.workspace_id);
    expect(answer.text).not.toContain(other.organization_id);
  });

  it("with the same mistake and without the wall reads the other organization's: it is the wall that holds", async () => {
    const open = await variant(await bundleWith(ENTRY, [mistaken()]), { TENANT_ROLE_ARN: undefined });
    const answer = await open.get("/workspaces", own.token);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.items.map(({ id }: { id: string }) => id)).toEqual([other.workspace_id]);
  });

  it("that gets no credentials of an organization answers 503 and does nothing by its own role", async () => {
    const shut = await variant(await bundleWith(ENTRY, []), { TENANT_ROLE_ARN: `${like.Role}-gone` });
    const answer = await shut.get("/workspaces", own.token);
    expect(answer.status, answer.text).toBe(503);
    expect(answer.body.code).toBe("service_unavailable");
    expect(answer.headers.get("retry-after")).toBe("2");
    expect(answer.text).not.toContain(own.workspace_id);
  });
});

it("the tag by which a session is an organization's is the one that templates name", () => {
  expect(TENANT_TAG).toBe("kaizen-tenant");
});
