import { PassThrough, type Writable } from "node:stream";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { Table } from "../../../shared/dynamo/table.ts";
import { operation } from "../../../shared/http/operation.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { serveStream } from "../../../shared/http/stream.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { silentMeter } from "../../../shared/observability/metrics.ts";
import { storedCounter } from "../../support/counter-table.ts";

afterEach(() => vi.unstubAllGlobals());

const download = operation({
  id: "things.download",
  method: "GET",
  path: "/things/file",
  summary: "",
  permission: "public",
  request: { query: z.strictObject({}) },
  response: "file",
  media_types: ["text/plain"],
  success: 200,
  errors: [],
  served_by: "stream",
});

/** Only the rate counter is asked of the table here. */
const counter = storedCounter(1, new Date());
mockClient(DynamoDBDocumentClient).on(UpdateCommand).resolves({ Attributes: counter });
const table = new Table("table", DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-west-1" })));
const platform: Platform = {
  table,
  clock: { now: () => new Date("2026-01-01T00:00:00.000Z") },
  authenticate: () => Promise.reject(new Error("public")),
  secrets: { encrypt: async (text) => text, decrypt: async (text) => text },
  log: silentLog,
  meter: silentMeter,
  limits: { user: 10, address: 10 },
};

type Handler = (event: unknown, stream: Writable) => Promise<void>;

/** Runs the handler as Lambda does, and gives what the client got; it closes the stream after so many pieces. */
async function answerOf(content: () => AsyncIterable<string>, closeAfter = Infinity) {
  let prelude: { statusCode: number; headers: Record<string, string> } | undefined;
  vi.stubGlobal("awslambda", {
    streamifyResponse: (handler: Handler) => handler,
    HttpResponseStream: {
      from(stream: Writable, given: typeof prelude) {
        prelude = given;
        return stream;
      },
    },
  });
  const service = {
    operations: { download },
    handlers: { download: async () => ({ content_type: "text/plain" as const, content: content() }) },
    platform,
    deps: {},
  };
  const handler = serveStream(service, { secret: undefined, says_place: false, origins: [] }) as Handler;
  const stream = new PassThrough({ highWaterMark: 4 });
  const pieces: string[] = [];
  stream.on("data", (piece: Buffer) => {
    if (pieces.push(piece.toString()) >= closeAfter) stream.destroy();
  });
  const event = {
    rawPath: "/api/v1/things/file",
    rawQueryString: "",
    headers: {},
    requestContext: { http: { method: "GET", sourceIp: "::1" } },
  };
  const ended = handler(event, stream);
  const outcome = await ended.then(
    () => "ended",
    (error: Error) => error.message,
  );
  await new Promise((resolve) => setImmediate(resolve));
  return { outcome, text: pieces.join(""), finished: stream.writableEnded, prelude };
}

describe("a streamed answer", () => {
  it("is sent piece by piece, waits for a slow reader, and ends", async () => {
    const answer = await answerOf(async function* () {
      for (let i = 0; i < 50; i++) yield `piece ${i}\n`;
    });
    expect(answer).toMatchObject({ outcome: "ended", finished: true, prelude: { statusCode: 200 } });
    expect(answer.text.split("\n")).toHaveLength(51);
    expect(answer.prelude?.headers["content-type"]).toBe("text/plain");
  });

  it("that is empty is begun all the same: status and headers leave with the first write", async () => {
    const writes = vi.spyOn(PassThrough.prototype, "write");
    const answer = await answerOf(async function* () {});
    expect(answer).toMatchObject({ outcome: "ended", finished: true, text: "" });
    expect(writes.mock.calls.map(([piece]) => piece)).toEqual([""]);
    writes.mockRestore();
  });

  it("whose stream is closed ends its source, which is told so", async () => {
    let told = false;
    let pieces = 0;
    const answer = await answerOf(async function* () {
      try {
        for (;;) {
          pieces++;
          yield `piece ${pieces}\n`;
        }
      } finally {
        told = true;
      }
    }, 3);
    expect([answer.outcome, told, pieces < 100]).toEqual(["ended", true, true]);
  });

  it("that fails half-way does not end as if it were whole: the invocation fails and the connection breaks", async () => {
    const answer = await answerOf(async function* () {
      yield "first\n";
      throw new Error("the table is gone");
    });
    expect(answer).toMatchObject({ outcome: "the table is gone", finished: false, text: "first\n" });
  });
});
