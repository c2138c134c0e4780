import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";

/**
 * What a function costs that has the AWS clients of our API functions and nothing else: no validation, no
 * authentication, no permissions, no log, no limits. The yardstick for bundle size and cold start.
 */
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const kms = new KMSClient({});

export const handler = async (event: { id: string }) => {
  const answer = await documents.send(
    new GetCommand({ TableName: process.env.TABLE_NAME, Key: { pk: event.id, sk: "ITEM" } }),
  );
  return { item: answer.Item, region: await kms.config.region() };
};
