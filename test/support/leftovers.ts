import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { paginateScan, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { inject } from "vitest";
import { filePurposes } from "../../shared/blobs/purposes.ts";
import { awsConfig, stackTable } from "./stack.ts";

/** Every item of the table as it is stored. */
export async function* allItems(): AsyncGenerator<Record<string, unknown>> {
  const { name, client } = stackTable();
  for await (const { Items = [] } of paginateScan({ client }, { TableName: name, ConsistentRead: true })) yield* Items;
}

/** What lies under one partition key. */
export async function itemsOf(pk: string): Promise<readonly Record<string, unknown>[]> {
  const { name: TableName, client } = stackTable();
  const of = { KeyConditionExpression: "pk = :pk", ExpressionAttributeValues: { ":pk": pk } };
  return (await client.send(new QueryCommand({ TableName, ConsistentRead: true, ...of }))).Items ?? [];
}

/** The names of all files. */
export async function allFiles(): Promise<string[]> {
  const s3 = new S3Client({ ...awsConfig(), forcePathStyle: true });
  const listed = filePurposes.map((purpose) =>
    s3.send(new ListObjectsV2Command({ Bucket: inject("stack").outputs.BucketName, Prefix: `${purpose}/` })),
  );
  return (await Promise.all(listed)).flatMap(({ Contents = [] }) => Contents.map(({ Key = "" }) => Key));
}

/** Where things are still spoken of: types of the items in which one of their ids stands, anywhere, and names of files. */
export async function tracesOf(...ids: string[]): Promise<{ readonly types: string[]; readonly files: string[] }> {
  const speaks = (text: string) => ids.some((id) => text.includes(id));
  const types = new Set<string>();
  for await (const item of allItems()) if (speaks(JSON.stringify(item))) types.add(String(item.item_type));
  return { types: [...types].sort(), files: (await allFiles()).filter(speaks) };
}
