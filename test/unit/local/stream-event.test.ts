import { describe, expect, test } from "vitest";
import { toFunctionUrlEvent } from "../../../local/stream/event.ts";

const request = (more: object = {}) =>
  toFunctionUrlEvent({
    method: "POST",
    url: "/api/v1/agents/agt_1/execute/stream?tag=a&tag=b%20c&x=",
    headers: { host: "127.0.0.1:8787", "content-type": "application/json", cookie: "a=1; b=2", "user-agent": "test" },
    body: Buffer.from('{"ü":1}'),
    requestId: "req-1",
    receivedAt: Date.UTC(2026, 10, 3, 4, 5, 6),
    ...more,
  });

describe("a request to a streaming function", () => {
  test("becomes the payload of a function URL", () => {
    expect(request()).toEqual({
      version: "2.0",
      routeKey: "$default",
      rawPath: "/api/v1/agents/agt_1/execute/stream",
      rawQueryString: "tag=a&tag=b%20c&x=",
      cookies: ["a=1", "b=2"],
      headers: { host: "127.0.0.1:8787", "content-type": "application/json", "user-agent": "test" },
      queryStringParameters: { tag: "a,b c", x: "" },
      requestContext: {
        accountId: "anonymous",
        apiId: "local",
        domainName: "127.0.0.1:8787",
        domainPrefix: "127",
        http: {
          method: "POST",
          path: "/api/v1/agents/agt_1/execute/stream",
          protocol: "HTTP/1.1",
          sourceIp: "127.0.0.1",
          userAgent: "test",
        },
        requestId: "req-1",
        routeKey: "$default",
        stage: "$default",
        time: "03/Nov/2026:04:05:06 +0000",
        timeEpoch: Date.UTC(2026, 10, 3, 4, 5, 6),
      },
      body: '{"ü":1}',
      isBase64Encoded: false,
    });
  });

  test("carries a binary body in base64", () => {
    const event = request({ headers: { "content-type": "image/png" }, body: Buffer.from([0, 255]) });
    expect(event).toMatchObject({ body: "AP8=", isBase64Encoded: true });
  });

  test("without query, cookies or body has none of them", () => {
    const event = request({ url: "/x", headers: {}, body: Buffer.alloc(0) });
    for (const absent of ["queryStringParameters", "cookies", "body"]) expect(event).not.toHaveProperty(absent);
    expect(event).toMatchObject({ rawPath: "/x", rawQueryString: "", isBase64Encoded: false });
  });
});
