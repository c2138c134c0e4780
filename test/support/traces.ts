import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { inject } from "vitest";
import type { Company } from "./api.ts";
import { awsConfig } from "./stack.ts";

/** What an organization leaves behind in a partition of today or of this month, each item as JSON text. */
async function texts(company: Company, partition: string): Promise<string[]> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(awsConfig()));
  const found: string[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: inject("stack").outputs.TableName,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": `T#${company.organization_id}#${partition}` },
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    found.push(...(page.Items ?? []).map(readable));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return found;
}

/** Free JSON is stored as text; here it stands as itself, so that a secret in it is found as it is written. */
const readable = (item: Record<string, unknown>): string =>
  JSON.stringify(item, (name, value: unknown) =>
    ["envelope", "changes"].includes(name) && typeof value === "string" ? JSON.parse(value) : value,
  );

/** The organization's audit entries of this month. */
export const auditTexts = (company: Company): Promise<string[]> =>
  texts(company, `AUDIT#${new Date().toISOString().slice(0, 7)}`);

/** The organization's events of today, as they leave. */
export const outboxTexts = (company: Company): Promise<string[]> =>
  texts(company, `EVENTS#${new Date().toISOString().slice(0, 10)}`);

/** The types of the organization's events of today, oldest first. */
export const eventTypesOf = async (company: Company): Promise<string[]> =>
  (await outboxTexts(company)).map((text) => JSON.parse(text).envelope.type);

/** The answers kept for the idempotency keys that the company's owner used with an operation. */
export const keptAnswers = (company: Company, operation: string): Promise<string[]> =>
  texts(company, `IDEMPOTENCY#user:${company.user_id}:${operation}`);
