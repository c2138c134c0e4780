import {
  CognitoIdentityProviderClient,
  DescribeIdentityProviderCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { inject } from "vitest";
import { awsConfig } from "./stack.ts";

/** What the deployed user pool has. */
export function pool() {
  const client = new CognitoIdentityProviderClient(awsConfig());
  const UserPoolId = inject("stack").outputs.UserPoolId ?? "";
  const there = async (work: Promise<unknown>) => work.then(() => true).catch(() => false);
  return {
    pool: () => client.send(new DescribeUserPoolCommand({ UserPoolId })),
    provider: (ProviderName: string) => client.send(new DescribeIdentityProviderCommand({ UserPoolId, ProviderName })),
    client: (ClientId: string) => client.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId })),
    hasProvider: (ProviderName: string) =>
      there(client.send(new DescribeIdentityProviderCommand({ UserPoolId, ProviderName }))),
    hasClient: (ClientId: string) => there(client.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId }))),
  };
}
