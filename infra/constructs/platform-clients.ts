import { CfnResource, SecretValue } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { type PlatformProvider, platformProviders, providerTitles } from "../../shared/identity/platform-providers.ts";
import {
  clientSettings,
  PROOF_ATTRIBUTE,
  platformPoolProvider,
  platformProviderName,
} from "../../shared/identity/pool-providers.ts";
import type { ProviderRegistration, Stage } from "../stages.ts";

/** Ids of the pool's app clients, each of which allows one provider. */
export type ProviderClients = Readonly<Partial<Record<PlatformProvider, string>>>;

/**
 * The providers through which everybody may sign in, where the operator has registered: each a provider of the pool with a
 * client of its own that allows it and nothing else, as connections of organizations have theirs. Those are made at run
 * time, beside these: neither a deployment nor a connection touches a client that the other has made.
 */
export function platformClients(scope: Construct, UserPoolId: string, stage: Stage): ProviderClients {
  const clients: Partial<Record<PlatformProvider, string>> = {};
  for (const provider of platformProviders) {
    const registration = stage.providers[provider];
    if (registration === undefined) continue;
    const made = stage.name === "local" ? undefined : poolProvider(scope, UserPoolId, provider, registration);
    const client = new CfnResource(scope, `${providerTitles[provider]}Client`, {
      type: "AWS::Cognito::UserPoolClient",
      properties: {
        UserPoolId,
        ClientName: platformProviderName(provider),
        ...clientSettings(platformProviderName(provider), `${originOf(stage)}/api/v1/sso/callback`, [PROOF_ATTRIBUTE]),
      },
    });
    if (made !== undefined) client.addDependency(made);
    clients[provider] = client.ref;
  }
  return clients;
}

/** The local AWS refuses templates with such a thing: there it is made by its API. */
function poolProvider(
  scope: Construct,
  UserPoolId: string,
  provider: PlatformProvider,
  { issuer, client_id, secret }: ProviderRegistration,
): CfnResource {
  // CloudFormation puts the secret in: no template holds it.
  const client_secret = SecretValue.secretsManager(secret).unsafeUnwrap();
  const { name, type, details, mapping } = platformPoolProvider(provider, { issuer, client_id, client_secret });
  return new CfnResource(scope, `${providerTitles[provider]}Provider`, {
    type: "AWS::Cognito::UserPoolIdentityProvider",
    properties: {
      UserPoolId,
      ProviderName: name,
      ProviderType: type,
      ProviderDetails: details,
      AttributeMapping: mapping,
    },
  });
}

/** Where people come back to. */
const originOf = ({ domain, app_url }: Stage): string =>
  domain === undefined ? new URL(app_url).origin : `https://${domain.name}`;
