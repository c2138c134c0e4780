import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { functionSettings } from "./settings.ts";

/** A request as the gateway's event, with what a deployment's front writes into it. */
export function apiEvent(method: string, url: string, token: string, body?: unknown): APIGatewayProxyEventV2 {
  const [path = "", query = ""] = url.split("?");
  return {
    version: "2.0",
    routeKey: "ANY /api/v1/{proxy+}",
    rawPath: path,
    rawQueryString: query,
    headers: {
      accept: "application/json",
      "accept-encoding": "gzip, br",
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      host: "api.example.com",
      "user-agent": "benchmark/1.0",
      "x-forwarded-for": "192.0.2.1",
      "x-forwarded-proto": "https",
      "x-front-secret": functionSettings.FRONT_SECRET,
      "x-viewer-address": "192.0.2.1",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    requestContext: {
      accountId: "000000000000",
      apiId: "api",
      domainName: "api.example.com",
      domainPrefix: "api",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "benchmark/1.0" },
      requestId: "request",
      routeKey: "ANY /api/v1/{proxy+}",
      stage: "$default",
      time: "01/Jan/2026:00:00:00 +0000",
      timeEpoch: Date.now(),
    },
    isBase64Encoded: false,
  };
}
