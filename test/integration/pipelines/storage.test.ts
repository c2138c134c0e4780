import { S3Client } from "@aws-sdk/client-s3";
import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { PipelineDeps } from "../../../functions/pipelines/deps.ts";
import * as handlers from "../../../functions/pipelines/handlers.ts";
import { operations } from "../../../functions/pipelines/operations.ts";
import { loadRevision, openHeaders } from "../../../functions/pipelines/public.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { createBlobs, createFiles } from "../../../shared/blobs/s3.ts";
import { Problem } from "../../../shared/errors.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { awsConfig, stackPlatform } from "../../support/stack.ts";

const TOKEN = `Bearer ${unique("token")}`;
const node = (id: string, config: object) => ({ id, kind: "http", label: id, config });
const graph = (label: string) => ({
  nodes: [
    node("http-1", {
      method: "GET",
      url: "https://api.example.com/",
      secret_headers: { Authorization: TOKEN },
      on_failure: "fail_run",
    }),
    { id: "input-1", kind: "input", label, config: { on_failure: "fail_run" } },
  ],
  connections: [],
});

describe("what is stored of a pipeline", () => {
  let company: Company;
  let deps: PipelineDeps;
  const platform = stackPlatform();

  beforeAll(async () => {
    company = await registerCompany();
    const s3 = new S3Client({ ...awsConfig(), forcePathStyle: true });
    const bucket = inject("stack").outputs.BucketName ?? "";
    deps = {
      table: platform.table,
      secrets: platform.secrets,
      blobs: createBlobs(sdk, s3, bucket),
      files: createFiles(sdk, s3, bucket),
    };
  });

  /** A request to the room's operations inside this process, with these dependencies. */
  const put = async (path: string, body: unknown, own: PipelineDeps) => {
    const dispatch = createDispatcher(operations, handlers, { ...platform, table: own.table }, own);
    const answer = await dispatch({
      method: "PUT",
      path: `/api/v1${path}`,
      query: "",
      headers: { authorization: `Bearer ${company.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      ip: "127.0.0.1",
    });
    return { status: answer.status, body: JSON.parse(answer.body as string) };
  };
  const draft = async () =>
    (await company.call("POST", "/pipelines", { name: unique(), pattern: "router" })).body.id as string;

  it("a secret header value stands nowhere in clear, opens for its own tenant and node only", async () => {
    const id = await draft();
    await company.call("PUT", `/pipelines/${id}/graph`, graph("first"));
    const table = platform.table.of(company.organization_id);
    const stored = await platform.table.client.send(
      new QueryCommand({
        TableName: platform.table.name,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": `T#${company.organization_id}#PIPELINE#${id}` },
      }),
    );
    expect(stored.Items?.map(({ sk }) => sk)).toEqual(["REVISION#000000000001", "REVISION#000000000002", "SETTINGS"]);
    expect(JSON.stringify(stored.Items)).not.toContain(TOKEN);
    const loaded = await loadRevision(table, deps.blobs, id, 2);
    const [http] = loaded.graph.nodes;
    if (http?.kind !== "http") throw new Error("the first node is the http node");
    expect(await openHeaders(platform.secrets, company.organization_id, http, loaded.secrets)).toEqual({
      Authorization: TOKEN,
    });
    const other = await registerCompany();
    await expect(openHeaders(platform.secrets, other.organization_id, http, loaded.secrets)).rejects.toThrow();
    const moved = { ...http, config: { ...http.config, url: "https://evil.example.net/" } };
    await expect(openHeaders(platform.secrets, company.organization_id, moved, loaded.secrets)).rejects.toThrow();
  });

  it("when the file store or the database fails in the middle of a save, the old graph stays", async () => {
    const id = await draft();
    await company.call("PUT", `/pipelines/${id}/graph`, graph("kept"));
    const before = await company.call("GET", `/pipelines/${id}`);
    const noStore = {
      ...deps.blobs,
      store: () => Promise.reject(new Problem("service_unavailable", "The file store does not answer.")),
    };
    const failed = await put(`/pipelines/${id}/graph`, graph("lost"), { ...deps, blobs: noStore });
    expect(failed.status).toBe(503);
    const noTransaction = Object.create(platform.table, {
      transact: { value: () => Promise.reject(new Problem("service_unavailable", "The database does not answer.")) },
    });
    const crashed = await put(`/pipelines/${id}/graph`, graph("lost"), { ...deps, table: noTransaction });
    expect(crashed.status).toBe(503);
    const after = await company.call("GET", `/pipelines/${id}`);
    expect(after.body).toEqual(before.body);
    const revisions = await company.call("GET", `/pipelines/${id}/revisions`);
    expect(revisions.body.items).toHaveLength(2);
    expect((await put(`/pipelines/${id}/graph`, graph("saved"), deps)).body.revision).toBe(3);
  });

  it("a change writes its audit entry and its event with the revision", async () => {
    const id = await draft();
    await company.call("PUT", `/pipelines/${id}/graph`, graph("first"));
    const audit = await platform.table.client.send(
      new QueryCommand({
        TableName: platform.table.name,
        IndexName: "gsi2",
        KeyConditionExpression: "gsi2pk = :pk",
        ExpressionAttributeValues: { ":pk": `T#${company.organization_id}#AUDIT_RESOURCE#pipeline:${id}` },
      }),
    );
    expect(audit.Items?.map(({ action, outcome }) => [action, outcome])).toEqual([
      ["pipeline.created", "succeeded"],
      ["pipeline.graph_replaced", "succeeded"],
    ]);
    expect(JSON.stringify(audit.Items)).not.toContain(TOKEN);
    const day = (await company.call("GET", `/pipelines/${id}`)).body.updated_at.slice(0, 10);
    const events = await platform.table.client.send(
      new QueryCommand({
        TableName: platform.table.name,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": `T#${company.organization_id}#EVENTS#${day}` },
      }),
    );
    const own = events.Items?.map(({ envelope }) => JSON.parse(envelope)).filter(({ data }) => data.pipeline_id === id);
    expect(own?.map(({ type }) => type)).toEqual(["pipeline.created", "pipeline.graph_replaced"]);
    expect(own?.[1].data).toMatchObject({ pipeline_id: id, revision: 2 });
  });
});
