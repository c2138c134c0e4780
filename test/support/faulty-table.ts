import {
  ProvisionedThroughputExceededException,
  TransactionCanceledException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import type { BatchGetCommandInput, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { Table } from "../../shared/dynamo/table.ts";
import { stackTable } from "./stack.ts";

/** The worker dies: nothing of ours goes on after it. */
export class Crash extends Error {}

/**
 * What happens to a request to the table. `before`, `after`: the worker dies before it is sent, or after it took effect.
 * `conflict`: another transaction is at one of its items. `throttle`: the table is too busy. `cut`: the connection ends
 * before it arrives. `lost`: it takes effect, then the connection ends. `fault`: it takes effect, and the table answers
 * that it failed inside. `unprocessed`: a batch is answered in part.
 */
export type Fault = "before" | "after" | "conflict" | "throttle" | "cut" | "lost" | "fault" | "unprocessed" | undefined;

export type TableCommand = "Get" | "BatchGet" | "Query" | "Put" | "Update" | "TransactWrite";
const WRITES: ReadonlySet<TableCommand> = new Set(["Put", "Update", "TransactWrite"]);

/** The faults that a command can meet, apart from the death of its worker. */
export const faultsOf = (command: TableCommand): readonly Exclude<Fault, undefined>[] => [
  "throttle",
  "cut",
  "lost",
  "fault",
  ...(WRITES.has(command) ? (["conflict"] as const) : []),
  ...(command === "BatchGet" ? (["unprocessed"] as const) : []),
];

/** Only requests that write meet these faults. */
export const onWrites =
  (fault: () => Fault) =>
  (command: TableCommand): Fault =>
    WRITES.has(command) ? fault() : undefined;

const $metadata = {};
const cut = () => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
const inside = () =>
  Object.assign(new Error("internal"), { name: "InternalServerError", $metadata: { httpStatusCode: 500 } });

function refusal(fault: "conflict" | "throttle", command: TableCommand): Error {
  if (command === "TransactWrite") {
    const Code = fault === "conflict" ? "TransactionConflict" : "ThrottlingError";
    return new TransactionCanceledException({
      message: "",
      $metadata,
      CancellationReasons: [{ Code: "None" }, { Code }],
    });
  }
  return fault === "conflict"
    ? new TransactionConflictException({ message: "", $metadata })
    : new ProvisionedThroughputExceededException({ message: "", $metadata });
}

/** The deployed table behind a connection on which requests meet faults. */
export function faultyTable(fault: (command: TableCommand, input: unknown) => Fault, table = stackTable()): Table {
  const { client } = table;
  const forward = (command: object) => client.send(command as Parameters<DynamoDBDocumentClient["send"]>[0]);
  const send = async (command: object): Promise<unknown> => {
    const name = command.constructor.name.replace(/Command$/, "") as TableCommand;
    const wanted = fault(name, (command as { input: unknown }).input);
    switch (wanted) {
      case undefined:
        return forward(command);
      case "before":
        throw new Crash();
      case "conflict":
      case "throttle":
        throw refusal(wanted, name);
      case "cut":
        throw cut();
      case "unprocessed":
        return inPart((command as { input: BatchGetCommandInput }).input, forward, command);
      default:
        await forward(command);
        throw wanted === "after" ? new Crash() : wanted === "lost" ? cut() : inside();
    }
  };
  return new Table(table.name, { send } as never);
}

/** Answers the second half of a batch's keys; of one key, none. */
async function inPart(input: BatchGetCommandInput, forward: (command: object) => Promise<unknown>, command: object) {
  const [[name, request] = ["", { Keys: [] }]] = Object.entries(input.RequestItems ?? {});
  const keys = request.Keys ?? [];
  const left = keys.slice(0, Math.ceil(keys.length / 2));
  const taken = keys.slice(left.length);
  const UnprocessedKeys = { [name]: { ...request, Keys: left } };
  if (taken.length === 0) return { Responses: {}, UnprocessedKeys };
  const Command = command.constructor as new (input: BatchGetCommandInput) => object;
  const answer = await forward(new Command({ RequestItems: { [name]: { ...request, Keys: taken } } }));
  return { ...(answer as object), UnprocessedKeys };
}
