import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { paginateScan } from "@aws-sdk/lib-dynamodb";
import { inject } from "vitest";
import { filePurposes } from "../../shared/blobs/purposes.ts";
import { awsConfig, stackTable } from "./stack.ts";

/** Every item of the table as it is stored. */
export async function* allItems(): AsyncGenerator<Record<string, unknown>> {
  const { name, client } = stackTable();
  for await (const { Items = [] } of paginateScan({ client }, { TableName: name, ConsistentRead: true })) yield* Items;
}

/** The names of all files. */
export async function allFiles(): Promise<string[]> {
  const s3 = new S3Client({ ...awsConfig(), forcePathStyle: true });
  const listed = filePurposes.map((purpose) =>
    s3.send(new ListObjectsV2Command({ Bucket: inject("stack").outputs.BucketName, Prefix: `${purpose}/` })),
  );
  return (await Promise.all(listed)).flatMap(({ Contents = [] }) => Contents.map(({ Key = "" }) => Key));
}

/** Where a thing is still spoken of: types of the items in which its id stands, anywhere, and names of files. */
export async function tracesOf(id: string): Promise<{ readonly types: string[]; readonly files: string[] }> {
  const types = new Set<string>();
  for await (const item of allItems()) if (JSON.stringify(item).includes(id)) types.add(String(item.item_type));
  return { types: [...types].sort(), files: (await allFiles()).filter((key) => key.includes(id)) };
}
