import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, inject, it } from "vitest";
import { type Graph, graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { clear } from "../../../functions/runs/consumers.ts";
import { runItem, runStateItem, runValueItem, type StoredRun } from "../../../functions/runs/store.ts";
import { INLINE_BYTES } from "../../../shared/blobs/blobs.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { runFiles } from "../../../shared/blobs/purposes.ts";
import { createFiles } from "../../../shared/blobs/s3.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { awsConfig, stackTable } from "../../support/stack.ts";
import { drive, look, startRun } from "./harness.ts";

const graph: Graph = graphSchema.parse({
  nodes: [
    { id: "in", kind: "input", label: "In", config: {} },
    { id: "work", kind: "http", label: "Work", config: { method: "GET", url: "https://example.com/" } },
    { id: "out", kind: "output", label: "Out", config: {} },
  ],
  connections: [
    { id: "a", source: "in", target: "work" },
    { id: "b", source: "work", target: "out" },
  ],
});

type Run = StoredRun & { readonly tenant: string };
const s3 = () => new S3Client({ ...awsConfig(), forcePathStyle: true });
const bucket = () => inject("stack").outputs.BucketName ?? "";

/** Texts whose JSON has exactly this many bytes. */
const textOf = (bytes: number): string => "x".repeat(bytes - 2);

async function ran(output: string): Promise<Run> {
  const run = await startRun(graph, {});
  await drive(run, { work: () => ({ ok: true, output }) });
  return run;
}

async function filesOf(run: Run): Promise<string[]> {
  const found = await s3().send(new ListObjectsV2Command({ Bucket: bucket(), Prefix: runFiles(run.tenant, run) }));
  return (found.Contents ?? []).map(({ Key = "" }) => Key);
}

async function itemsOf({ tenant, id }: Run) {
  const { name, client } = stackTable();
  const found = await client.send(
    new QueryCommand({
      TableName: name,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": `T#${tenant}#RUN#${id}` },
    }),
  );
  return found.Items ?? [];
}

describe("what a run makes", () => {
  it(`stays in its items up to ${INLINE_BYTES} bytes of JSON, and lies among its files from one byte more`, async () => {
    const within = await ran(textOf(INLINE_BYTES));
    const beyond = await ran(textOf(INLINE_BYTES + 1));
    const outputsOf = async (run: Run) => (await look(run)).steps.map(({ output }) => Object.keys(output ?? {}).sort());
    expect(new Set((await outputsOf(within)).flat())).toEqual(new Set(["inline"]));
    expect(await filesOf(within)).toEqual([]);
    expect(await outputsOf(beyond)).toContainEqual(["bytes", "key", "sha256"]);
    // The step and the run have the same output: one file by its content.
    expect(await filesOf(beyond)).toHaveLength(1);
    expect((await look(beyond)).outcomes.get("work")).toMatchObject({ output: textOf(INLINE_BYTES + 1) });
    // What a step writes stays a small item, whatever it puts out.
    const sizes = (await itemsOf(beyond)).map((item) => JSON.stringify(item).length);
    expect(Math.max(...sizes)).toBeLessThan(2_000);
  });

  it("ends with the run, each item and file at the time that its plan gives", async () => {
    const run = await ran(textOf(INLINE_BYTES + 1));
    const days = plans.free.run_days;
    expect(Date.parse(run.expires_at) - Date.parse(run.created_at)).toBe(days * 86_400_000);
    const items = await itemsOf(run);
    expect(new Set(items.map(({ item_type }) => item_type)).size).toBeGreaterThanOrEqual(5);
    for (const { item_type, ttl } of items)
      expect([item_type, ttl]).toEqual([item_type, Math.floor(Date.parse(run.expires_at) / 1_000)]);
    expect((await filesOf(run)).every((key) => key.startsWith(`runs/${days}/${run.tenant}/${run.id}/`))).toBe(true);
  });

  it("is gone when the run is deleted, items and files, also when clearing it is broken off and repeated", async () => {
    const run = await ran(textOf(INLINE_BYTES + 1));
    const other = await ran(textOf(INLINE_BYTES + 1));
    const table = stackTable();
    const own = table.of(run.tenant);
    await own.transact([
      own.writes.remove(runItem, { id: run.id }),
      own.writes.remove(runStateItem, { run_id: run.id }),
    ]);
    const event = { organization_id: run.tenant, data: { run_id: run.id } } as unknown as Envelope;
    const files = createFiles(sdk, s3(), bucket());
    const broken = { removeAll: () => Promise.reject(new Error("ended in between")) };
    await expect(clear(event, { table, files: broken })).rejects.toThrow("ended in between");
    for (let i = 0; i < 2; i++) await clear(event, { table, files });
    expect(await itemsOf(run)).toEqual([]);
    expect(await filesOf(run)).toEqual([]);
    expect(await filesOf(other)).toHaveLength(1);
    expect(await table.of(other.tenant).get(runValueItem, { run_id: other.id, name: "output" })).toBeDefined();
  });
});
