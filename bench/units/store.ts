import {
  BatchWriteItemCommand,
  CreateTableCommand,
  type DynamoDBClient,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { indexNames } from "../../shared/dynamo/item.ts";
import { newId } from "../../shared/ids.ts";
import type { StoredItem } from "../../test/support/units/size.ts";

export const TABLE = "units";
const BATCH = 25;
const BATCHES_AT_A_TIME = 4;

/** The product's table without its stream, so that nothing follows from what is written. */
export async function createTable(client: DynamoDBClient): Promise<void> {
  const keys = ["", ...indexNames].map((name) => ({ pk: `${name}pk`, sk: `${name}sk` }));
  const schema = ({ pk, sk }: { pk: string; sk: string }) => [
    { AttributeName: pk, KeyType: "HASH" } as const,
    { AttributeName: sk, KeyType: "RANGE" } as const,
  ];
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: keys
        .flatMap(({ pk, sk }) => [pk, sk])
        .map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: schema({ pk: "pk", sk: "sk" }),
      GlobalSecondaryIndexes: indexNames.map((IndexName) => ({
        IndexName,
        KeySchema: schema({ pk: `${IndexName}pk`, sk: `${IndexName}sk` }),
        Projection: { ProjectionType: "ALL" },
      })),
    }),
  );
}

export const putAll = (client: DynamoDBClient, items: readonly Record<string, unknown>[]): Promise<void> =>
  write(
    client,
    items.map((item) => marshall(item, { removeUndefinedValues: true })),
  );

async function write(client: DynamoDBClient, items: readonly StoredItem[]): Promise<void> {
  const batches: WriteRequest[][] = [];
  for (let i = 0; i < items.length; i += BATCH)
    batches.push(items.slice(i, i + BATCH).map((Item) => ({ PutRequest: { Item: { ...Item } } })));
  const worker = async () => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop())
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: batch } }));
  };
  await Promise.all(Array.from({ length: BATCHES_AT_A_TIME }, worker));
}

const ID = /\b([a-z]{3})_[0-9A-HJKMNP-TV-Z]{26}\b/g;

/**
 * Writes a thing that was created through the API so many times more, with its audit entries and links: the same items under
 * new ids. Ids that `keep` names stay; an item whose key holds no new id (a counter, a name) is there once already.
 */
export async function copy(
  client: DynamoDBClient,
  items: readonly StoredItem[],
  times: number,
  keep: ReadonlySet<string>,
): Promise<void> {
  const copies: StoredItem[] = [];
  for (let i = 0; i < times; i++) {
    const renamed = new Map<string, string>();
    const rename = (id: string, prefix: string) => {
      if (keep.has(id)) return id;
      const fresh = renamed.get(id) ?? prefix + newId("event", new Date()).slice(prefix.length);
      renamed.set(id, fresh);
      return fresh;
    };
    for (const item of items) {
      const fresh: StoredItem = JSON.parse(JSON.stringify(item).replaceAll(ID, rename));
      if (fresh.pk?.S !== item.pk?.S || fresh.sk?.S !== item.sk?.S) copies.push(fresh);
    }
  }
  await write(client, copies);
}
