import { AwsClient } from "aws4fetch";
import { region } from "./paths.ts";

/** Credentials that the emulator takes for the account's root; never sent anywhere but to the given endpoint. */
export const rootCredentials = { accessKeyId: "test", secretAccessKey: "test" };

/** The environment that points an AWS SDK or the CDK at the emulator, as the account's root. */
export function awsEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: rootCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: rootCredentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
  };
}

/** Calls of services for which the product has no SDK client, with plain signed requests. */
export interface Aws {
  /** An action of a Query service (IAM, STS, CloudFormation), API version and parameters given; answers XML. */
  query(service: string, version: string, action: string, parameters: Record<string, string>): Promise<string>;
  /** A GET of a REST service (Lambda); answers JSON. */
  get(service: string, path: string): Promise<unknown>;
  /** A PUT of a REST service (S3) with a body in XML. */
  put(service: string, path: string, xml: string): Promise<void>;
  /** An operation of a JSON service (DynamoDB), target given; answers JSON. */
  json(service: string, target: string, body: object): Promise<unknown>;
}

export function awsAt(endpoint: string): Aws {
  const client = new AwsClient({ ...rootCredentials, region, retries: 0 });
  const send = async (service: string, path: string, init: RequestInit): Promise<string> => {
    const response = await client.fetch(`${endpoint}${path}`, { ...init, aws: { service, region } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${service} answered ${response.status} to ${path}: ${text.slice(0, 500)}`);
    return text;
  };
  return {
    query: (service, version, action, parameters) =>
      send(service, "/", {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
        body: new URLSearchParams({ Action: action, Version: version, ...parameters }).toString(),
      }),
    get: async (service, path) => JSON.parse(await send(service, path, { method: "GET" })),
    put: async (service, path, xml) => {
      await send(service, path, { method: "PUT", headers: { "content-type": "application/xml" }, body: xml });
    },
    json: async (service, target, body) =>
      JSON.parse(
        await send(service, "/", {
          method: "POST",
          headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": target },
          body: JSON.stringify(body),
        }),
      ),
  };
}

/** The text of the first element of this name; undefined when there is none. */
export function xmlText(xml: string, element: string): string | undefined {
  return new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
}
