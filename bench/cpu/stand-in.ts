import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { counted } from "../warm/counter.ts";

/** One call of an AWS service in its JSON protocol. */
export interface AwsCall {
  readonly target: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface StandIn {
  readonly endpoint: string;
  /** The calls that arrive while this runs. */
  recorded(work: () => Promise<unknown>): Promise<readonly AwsCall[]>;
  close(): Promise<void>;
}

type Stored = Record<string, unknown>;
const WRITES = new Set(["TransactWriteItems", "PutItem", "DeleteItem"]);

/**
 * Stands between functions and the local AWS so that the same request can be made over and over: a read is asked for
 * once and answered alike from then on, a write is taken and not made, counters of rates count.
 */
export async function startStandIn(behind: string, keySet: string): Promise<StandIn> {
  const reads = new Map<string, Promise<string>>();
  const counters = new Map<string, Stored>();
  let recording: AwsCall[] | undefined;

  const answered = async (target: string, text: string, headers: IncomingMessage["headers"]): Promise<string> => {
    const name = target.split(".").at(-1) ?? "";
    const input = JSON.parse(text) as Stored;
    recording?.push({ target: name, input });
    if (WRITES.has(name)) return "{}";
    if (name === "StartExecution") return JSON.stringify({ executionArn: "arn:execution", startDate: 1 });
    if (name === "UpdateItem") {
      const key = JSON.stringify(input.Key);
      const values = unmarshall(input.ExpressionAttributeValues as never);
      const counter = counted(counters.get(key), { ...input, ExpressionAttributeValues: values });
      counters.set(key, counter);
      return JSON.stringify({ Attributes: marshall(counter, { removeUndefinedValues: true }) });
    }
    const known = reads.get(`${name} ${text}`) ?? forward(behind, text, headers);
    reads.set(`${name} ${text}`, known);
    return known;
  };

  const server = createServer(async (request, response) => {
    try {
      const text = await bodyOf(request);
      const target = String(request.headers["x-amz-target"] ?? "");
      const body = target === "" ? keySet : await answered(target, text, request.headers);
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end(body);
    } catch (error) {
      console.error(error);
      response.writeHead(500).end("{}");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async recorded(work) {
      recording = [];
      await work();
      const calls = recording;
      recording = undefined;
      return calls;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

async function forward(behind: string, body: string, headers: IncomingMessage["headers"]): Promise<string> {
  const kept = ["x-amz-target", "content-type", "authorization", "x-amz-date"];
  const response = await fetch(behind, {
    method: "POST",
    body,
    headers: Object.fromEntries(kept.map((name) => [name, String(headers[name] ?? "")])),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${headers["x-amz-target"]}: ${text}`);
  return text;
}
