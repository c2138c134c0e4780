import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { Table } from "../../shared/dynamo/table.ts";
import { type CounterUpdate, counted } from "./counter.ts";

type Stored = Record<string, unknown>;

/** The parts of a command's input that this stand-in reads. */
interface Input extends CounterUpdate {
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly Stored[] }>>;
  readonly Key?: Stored;
}

/**
 * A table whose client answers from memory, so that a request can be measured without any I/O: batch reads find what was
 * given (their sort keys differ), updates answer as rate counters do. Everything above the client's `send` is the product's own code.
 */
export function memoryTable(name: string, items: readonly Stored[]): Table {
  const stored = new Map(items.map((item) => [item.sk, item]));
  const counters = new Map<string, Stored>();
  const send = async ({ input }: { readonly input: Input }) => {
    const reads = input.RequestItems?.[name];
    if (reads !== undefined) {
      return {
        Responses: { [name]: reads.Keys.flatMap(({ sk }) => stored.get(sk) ?? []) },
      };
    }
    if (input.Key !== undefined) {
      const key = `${input.Key.pk}`;
      const counter = counted(counters.get(key), input);
      counters.set(key, counter);
      return { Attributes: counter };
    }
    throw new Error("the stand-in for the table knows batch reads and counters only");
  };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: "us-east-1" }));
  return new Table(name, Object.assign(client, { send }));
}
