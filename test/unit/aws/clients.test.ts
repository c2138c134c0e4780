import { globSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { type ClientJob, clientOptions } from "../../../shared/aws/clients.ts";
import { faultOf } from "../../../shared/dynamo/retry.ts";

const files = globSync(["functions/**/*.ts", "shared/**/*.ts"]).map(
  (file) => [file, readFileSync(file, "utf8")] as const,
);

/** Every client of AWS that is made, with the beginning of what it is given. */
const made = files.flatMap(([file, text]) =>
  [...text.matchAll(/new (\w+Client)\(([\s\S]{0,60})/g)].map(([, name = "", given = ""]) => ({ file, name, given })),
);

describe("a client of AWS", () => {
  it("is made with the options of its job, wherever it is made", () => {
    expect(made.length).toBeGreaterThan(9);
    for (const { file, name, given } of made)
      expect(given, `${name} in ${file}`).toMatch(/^(\{\s*\.\.\.)?clientOptions\("\w+"\)/);
  });

  const jobs: readonly ClientJob[] = ["table", "keys", "queue", "bus", "workflow", "identities", "mail", "files"];

  it.each(jobs)(
    "for %s gives up in time, keeps its connections, and leaves a request behind the API time for its answer",
    (job) => {
      const { maxAttempts, requestHandler } = clientOptions(job);
      expect(requestHandler).toMatchObject({ throwOnRequestTimeout: true, httpsAgent: { keepAlive: true } });
      expect(requestHandler.connectionTimeout).toBe(1_000);
      expect(maxAttempts * requestHandler.requestTimeout).toBeLessThan(29_000);
    },
  );

  it("for the table waits 3 seconds for an answer and tries once: the table repeats by itself", () => {
    expect(clientOptions("table")).toMatchObject({ maxAttempts: 1, requestHandler: { requestTimeout: 3_000 } });
  });

  it("makes no copy of what it sends and gets for a logger that takes nothing", async () => {
    const server = createServer((_, response) => response.end("{}")).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const client = new DynamoDBClient({
      ...clientOptions("table"),
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: "eu-west-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    const ask = () => client.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } }));
    let copies = 0;
    client.middlewareStack.add(
      (next, context) => (args) => {
        const copied = (value: unknown) => {
          copies++;
          return value;
        };
        Object.assign(context, { inputFilterSensitiveLog: copied, outputFilterSensitiveLog: copied });
        return next(args);
      },
      { step: "initialize", priority: "high" },
    );
    await ask();
    expect(copies).toBe(0);
    Object.assign(client.config, { logger: { info() {} } });
    await ask();
    server.closeAllConnections();
    server.close();
    expect(copies, "the SDK's logger asks for copies no more: then ours need not be without `info`").toBe(2);
  });

  it("that is not answered fails as a lost answer, and one that nobody listens to as nothing written", async () => {
    let requests = 0;
    const silent = createServer(() => void requests++).listen(0, "127.0.0.1");
    const closed = createTcpServer().listen(0, "127.0.0.1");
    await Promise.all([silent, closed].map((server) => new Promise((resolve) => server.once("listening", resolve))));
    const ask = async (port: number) => {
      const { requestHandler, ...options } = clientOptions("table");
      const client = new DynamoDBClient({
        ...options,
        requestHandler: { ...requestHandler, requestTimeout: 1_000 },
        endpoint: `http://127.0.0.1:${port}`,
        region: "eu-west-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      });
      return client.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } })).catch(faultOf);
    };
    expect(await ask((silent.address() as AddressInfo).port)).toBe("lost");
    expect(requests).toBe(1);
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect(await ask(port)).toBe("busy");
    silent.closeAllConnections();
    silent.close();
  });
});
