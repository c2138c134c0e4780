import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminInitiateAuthCommand,
  AdminSetUserPasswordCommand,
  type AuthenticationResultType,
  CognitoIdentityProviderClient,
  RevokeTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { Problem } from "../../../shared/errors.ts";

export interface ProviderTokens {
  /** The pool's own name of the account. */
  readonly sub: string;
  readonly access_token: string;
  readonly refresh_token: string | undefined;
  readonly expires_in: number;
  readonly origin_jti: string;
  /** The app client that they were given to, and that alone may refresh and revoke them. */
  readonly client_id: string;
}

/** The identity provider, as far as this room needs it. User names are our user ids. */
export interface IdentityProvider {
  /**
   * Makes the user's account with a password. One that an earlier request has left behind is taken, with this password.
   * @returns the pool's own name of the account (`sub`)
   */
  createUser(userId: string, email: string, password: string): Promise<string>;
  deleteUser(userId: string): Promise<void>;
  setPassword(userId: string, password: string): Promise<void>;
  /** Undefined when the user is unknown or the password wrong; both take the same path and time. */
  signIn(userId: string, password: string): Promise<ProviderTokens | undefined>;
  /** Undefined when the provider no longer accepts the token. */
  refresh(refreshToken: string, clientId: string): Promise<ProviderTokens | undefined>;
  /** Ends the family of tokens at the provider too. A family that has ended by itself, or with its client, is ended. */
  revoke(refreshToken: string, clientId: string): Promise<void>;
}

/** A fault of the provider: nothing of ours was changed. */
const unavailable = (cause: unknown): Problem =>
  new Problem("service_unavailable", "The identity provider does not answer right now. Try again.", {
    headers: { "retry-after": "5" },
    cause,
  });

const named = (error: unknown, ...names: string[]): boolean => error instanceof Error && names.includes(error.name);

export function connectCognito(
  settings: { userPoolId: string; clientId: string },
  client = new CognitoIdentityProviderClient(clientOptions("identities")),
): IdentityProvider {
  const UserPoolId = settings.userPoolId;
  const authenticate = async (
    AuthFlow: "ADMIN_USER_PASSWORD_AUTH" | "REFRESH_TOKEN_AUTH",
    AuthParameters: Record<string, string>,
    ClientId: string,
  ) => {
    try {
      const { AuthenticationResult } = await client.send(
        new AdminInitiateAuthCommand({ UserPoolId, ClientId, AuthFlow, AuthParameters }),
      );
      return AuthenticationResult === undefined ? undefined : toTokens(AuthenticationResult);
    } catch (error) {
      if (
        named(
          error,
          "NotAuthorizedException",
          "UserNotFoundException",
          "UserNotConfirmedException",
          "PasswordResetRequiredException",
          "UserLambdaValidationException",
          // The client has gone, with the connection that it was for.
          "ResourceNotFoundException",
        )
      )
        return undefined;
      throw unavailable(error);
    }
  };
  const signIn = (userId: string, password: string) =>
    authenticate("ADMIN_USER_PASSWORD_AUTH", { USERNAME: userId, PASSWORD: password }, settings.clientId);
  const setPassword = async (Username: string, Password: string) => {
    try {
      await client.send(new AdminSetUserPasswordCommand({ UserPoolId, Username, Password, Permanent: true }));
    } catch (error) {
      if (named(error, "InvalidPasswordException")) {
        throw new Problem("weak_password", "The identity provider does not take this password. Choose another.");
      }
      throw unavailable(error);
    }
  };
  const deleteUser = async (Username: string) => {
    await client.send(new AdminDeleteUserCommand({ UserPoolId, Username }));
  };
  return {
    setPassword,
    deleteUser,
    async createUser(Username, email, password) {
      let sub: string | undefined;
      try {
        const { User } = await client.send(
          new AdminCreateUserCommand({
            UserPoolId,
            Username,
            MessageAction: "SUPPRESS",
            UserAttributes: [{ Name: "email", Value: email }],
          }),
        );
        sub = User?.Attributes?.find(({ Name }) => Name === "sub")?.Value;
      } catch (error) {
        if (!named(error, "UsernameExistsException")) throw unavailable(error);
      }
      await setPassword(Username, password);
      sub ??= (await signIn(Username, password))?.sub;
      if (sub === undefined) throw new Error("the provider does not say who it has created");
      return sub;
    },
    signIn,
    refresh: (refreshToken, clientId) => authenticate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: refreshToken }, clientId),
    async revoke(Token, ClientId) {
      try {
        await client.send(new RevokeTokenCommand({ ClientId, Token }));
      } catch (error) {
        // The provider refuses a token or a client that it no longer knows: only such a one is not ours to repeat.
        if (!named(error, "NotAuthorizedException", "UnauthorizedException", "ResourceNotFoundException"))
          throw unavailable(error);
      }
    },
  };
}

function toTokens(result: AuthenticationResultType): ProviderTokens {
  const access_token = result.AccessToken ?? "";
  const claims = JSON.parse(Buffer.from(access_token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
    sub?: string;
    origin_jti?: string;
    client_id?: string;
  };
  const { sub, origin_jti, client_id } = claims;
  if (sub === undefined || origin_jti === undefined || client_id === undefined)
    throw new Error("the provider's token names no account, no family or no client");
  const { RefreshToken: refresh_token, ExpiresIn: expires_in = 0 } = result;
  return { sub, access_token, refresh_token, expires_in, origin_jti, client_id };
}
