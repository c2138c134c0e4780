import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
} from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";

/** A function that makes the same calls of AWS as an operation and does nothing else: it gives what they answered. */
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  marshallOptions: { removeUndefinedValues: true },
});
const workflows = new SFNClient({});

const commands: Readonly<Record<string, (input: never) => Promise<unknown>>> = {
  BatchGetItem: (input) => documents.send(new BatchGetCommand(input)),
  GetItem: (input) => documents.send(new GetCommand(input)),
  PutItem: (input) => documents.send(new PutCommand(input)),
  Query: (input) => documents.send(new QueryCommand(input)),
  TransactWriteItems: (input) => documents.send(new TransactWriteCommand(input)),
  StartExecution: (input) => workflows.send(new StartExecutionCommand(input)),
};

const MAPS = new Set(["Key", "Item", "ExpressionAttributeValues", "ExclusiveStartKey"]);

/** What was recorded, as a document client takes it. */
function plain(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => (name === "Keys" ? unmarshall(one) : plain(one)));
  if (typeof value !== "object" || value === null) return value;
  if (MAPS.has(name)) return unmarshall(value as never);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member, key)]));
}

const calls = (JSON.parse(process.env.CALLS ?? "[]") as { target: string; input: unknown }[]).map(
  ({ target, input }) => {
    const send = commands[target];
    if (send === undefined) throw new Error(`the bare function does not know ${target}`);
    return { send, input: plain(input) as never };
  },
);

export const handler = async () => {
  const answers: unknown[] = [];
  for (const { send, input } of calls) answers.push(await send(input));
  return { statusCode: 200, body: JSON.stringify(answers) };
};
