import {
  CognitoIdentityProviderClient,
  DescribeIdentityProviderCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { inject } from "vitest";
import { awsConfig } from "./stack.ts";

/** The pool's own page, to which SAML providers send people back. */
export const poolAcs = (): string => `${inject("stack").endpoint.replace("127.0.0.1", "localhost")}/saml2/idpresponse`;

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
