import { HttpRequest } from "@smithy/core/transport";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { SignatureV4, type SignatureV4Init } from "@smithy/signature-v4";
import { clientOptions } from "../aws/clients.ts";
import { repeated } from "../dynamo/retry.ts";
import type { Assume, SessionCredentials } from "./credentials.ts";
import { TENANT_TAG } from "./scope.ts";

/** How long credentials count: the most that AWS gives where a role is taken by credentials of a role. */
const LIFE_SECONDS = 3_600;

export interface StsAccess {
  readonly credentials: SignatureV4Init["credentials"];
  readonly sha256: NonNullable<SignatureV4Init["sha256"]>;
  readonly role_arn: string;
  readonly region: string;
  /** What stands for AWS, on a laptop; the region's own STS where there is none. */
  readonly endpoint: string | undefined;
}

/** What STS refuses, by its code: a fault of the cloud is told by it as one of the table is (`faultOf`). */
export class StsRefusal extends Error {
  readonly code: string;
  readonly $metadata: { readonly httpStatusCode: number };

  constructor(code: string, httpStatusCode: number, message: string) {
    super(`STS answered ${httpStatusCode} ${code}: ${message}`);
    this.name = "StsRefusal";
    this.code = code;
    this.$metadata = { httpStatusCode };
  }
}

/**
 * Takes a role under the name and the tag of a tenant. One request of one kind: AWS's own client for it would be 38 KB in each
 * function (docs/adr/0098), so what signs and sends the table's requests does it.
 */
export function connectSts({ role_arn, region, endpoint, credentials, sha256 }: StsAccess): Assume {
  const url = new URL(endpoint ?? `https://sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`);
  const signer = new SignatureV4({ service: "sts", region, credentials, sha256 });
  const handler = new NodeHttpHandler(clientOptions("credentials").requestHandler);

  const ask = async (tenant: string): Promise<SessionCredentials> => {
    const body = new URLSearchParams({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: role_arn,
      // What AWS's own records, and its refusals, name as who asked.
      RoleSessionName: tenant,
      DurationSeconds: String(LIFE_SECONDS),
      "Tags.member.1.Key": TENANT_TAG,
      "Tags.member.1.Value": tenant,
    }).toString();
    const request = new HttpRequest({
      method: "POST",
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      path: "/",
      headers: {
        host: url.host,
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "content-length": String(Buffer.byteLength(body)),
      },
      body,
    });
    const { response } = await handler.handle((await signer.sign(request)) as HttpRequest);
    const text = await textOf(response.body);
    if (response.statusCode !== 200)
      throw new StsRefusal(element(text, "Code") ?? "Unknown", response.statusCode, element(text, "Message") ?? "");
    return credentialsIn(text);
  };
  return (tenant) => repeated(() => ask(tenant), { lost: "repeat", writes: false });
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

/** The text of the first element of this name. Keys and tokens are base64, so nothing in them is escaped. */
const element = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

function credentialsIn(xml: string): SessionCredentials {
  const field = (name: string): string => {
    const value = element(xml, name);
    if (value === undefined || value === "") throw new Error(`STS gave credentials without ${name}`);
    return value;
  };
  return {
    accessKeyId: field("AccessKeyId"),
    secretAccessKey: field("SecretAccessKey"),
    sessionToken: field("SessionToken"),
    expiration: new Date(field("Expiration")),
  };
}
