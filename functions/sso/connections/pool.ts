import {
  CognitoIdentityProviderClient,
  CreateIdentityProviderCommand,
  CreateUserPoolClientCommand,
  DeleteIdentityProviderCommand,
  DeleteUserPoolClientCommand,
  ListUserPoolClientsCommand,
  UpdateIdentityProviderCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { Problem } from "../../../shared/errors.ts";
import { clientSettings, type PoolProvider } from "../../../shared/identity/pool-providers.ts";

/** Providers and their clients at the user pool. All of it can be done twice. */
export interface PoolProviders {
  /** @throws Problem `validation_failed` for settings that the pool does not take */
  put(provider: PoolProvider): Promise<void>;
  remove(name: string): Promise<void>;
  /** A client that allows this provider only. @returns its id */
  createClient(client: {
    readonly name: string;
    readonly provider: string;
    readonly callback: string;
  }): Promise<string>;
  /** Clients of this name: more than one where their maker died before it could say so. */
  findClients(name: string): Promise<readonly string[]>;
  removeClient(id: string): Promise<void>;
}

const named = (error: unknown, ...names: string[]): boolean => error instanceof Error && names.includes(error.name);

/** What the pool says of settings that it does not take is about what the caller has sent. */
function toProblem(error: unknown): Problem {
  if (named(error, "InvalidParameterException"))
    return new Problem("validation_failed", `The user pool does not take these settings: ${(error as Error).message}`, {
      cause: error,
    });
  if (named(error, "LimitExceededException"))
    return new Problem("service_unavailable", "The deployment has as many sign-in providers as its user pool takes.", {
      cause: error,
    });
  return new Problem("service_unavailable", "The user pool does not answer right now. Try again.", {
    headers: { "retry-after": "5" },
    cause: error,
  });
}

export function connectProviders(
  UserPoolId: string,
  client = new CognitoIdentityProviderClient(clientOptions("identities")),
): PoolProviders {
  /** Runs a removal; what is gone already is removed. */
  const gone = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!named(error, "ResourceNotFoundException")) throw toProblem(error);
    }
  };
  return {
    async put({ name: ProviderName, type: ProviderType, details, mapping }) {
      const settings = { UserPoolId, ProviderName, ProviderDetails: { ...details }, AttributeMapping: { ...mapping } };
      try {
        await client.send(new CreateIdentityProviderCommand({ ...settings, ProviderType }));
      } catch (error) {
        if (!named(error, "DuplicateProviderException")) throw toProblem(error);
        try {
          await client.send(new UpdateIdentityProviderCommand(settings));
        } catch (failed) {
          throw toProblem(failed);
        }
      }
    },
    remove: (ProviderName) => gone(client.send(new DeleteIdentityProviderCommand({ UserPoolId, ProviderName }))),
    async createClient({ name: ClientName, provider, callback }) {
      try {
        const { UserPoolClient } = await client.send(
          new CreateUserPoolClientCommand({ UserPoolId, ClientName, ...clientSettings(provider, callback) }),
        );
        const id = UserPoolClient?.ClientId;
        if (id === undefined) throw new Error("the pool does not say which client it has made");
        return id;
      } catch (error) {
        throw toProblem(error);
      }
    },
    async findClients(name) {
      const found: string[] = [];
      let NextToken: string | undefined;
      do {
        const page = await client.send(new ListUserPoolClientsCommand({ UserPoolId, MaxResults: 60, NextToken }));
        for (const { ClientId, ClientName } of page.UserPoolClients ?? [])
          if (ClientName === name && ClientId !== undefined) found.push(ClientId);
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return found;
    },
    removeClient: (ClientId) => gone(client.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId }))),
  };
}
