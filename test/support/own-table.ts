import { randomUUID } from "node:crypto";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { indexNames } from "../../shared/dynamo/item.ts";
import { Table } from "../../shared/dynamo/table.ts";
import { awsConfig } from "./stack.ts";

/** A table like the product's for one test alone: what looks at all that is there, or answers to all that is written, would meet others of the deployed one. */
export async function ownTable(): Promise<Table> {
  const client = new DynamoDBClient(awsConfig());
  const name = `own-${randomUUID()}`;
  const text = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });
  const schema = (pk: string, sk: string) => [
    { AttributeName: pk, KeyType: "HASH" as const },
    { AttributeName: sk, KeyType: "RANGE" as const },
  ];
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["", ...indexNames].flatMap((index) => [text(`${index}pk`), text(`${index}sk`)]),
      KeySchema: schema("pk", "sk"),
      GlobalSecondaryIndexes: indexNames.map((IndexName) => ({
        IndexName,
        KeySchema: schema(`${IndexName}pk`, `${IndexName}sk`),
        Projection: { ProjectionType: "ALL" as const },
      })),
    }),
  );
  return Table.connect(name, client);
}
