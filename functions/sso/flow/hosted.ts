import { CognitoJwtVerifier } from "aws-jwt-verify";
import { poolKeys } from "../../../shared/access/token.ts";
import { Problem } from "../../../shared/errors.ts";

/** The pool's tokens of one sign-in. */
export interface HostedTokens {
  readonly id_token: string;
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

/** The pool's hosted sign-in, as far as this room needs it. */
export interface HostedSignIn {
  /** Where a browser begins to sign in through a provider. */
  authorize(parameters: Readonly<Record<string, string>>): string;
  /** Undefined for a code that the pool does not take. @throws Problem `service_unavailable` */
  exchange(form: {
    readonly code: string;
    readonly code_verifier: string;
    readonly client_id: string;
    readonly redirect_uri: string;
  }): Promise<HostedTokens | undefined>;
  /** The claims of an id token of the pool, given to this client; undefined where it is none. */
  claims(id_token: string, client_id: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}

const TIMEOUT_MS = 10_000;

/** @param url the pool's domain, `https://….auth.<region>.amazoncognito.com` */
export function connectHosted(settings: {
  readonly url: string;
  readonly user_pool_id: string;
  readonly endpoint: string | undefined;
}): HostedSignIn {
  const { url, user_pool_id: userPoolId, endpoint } = settings;
  const verifier = CognitoJwtVerifier.create(
    { userPoolId, tokenUse: "id", clientId: null },
    { jwksCache: poolKeys(userPoolId, endpoint) },
  );
  return {
    authorize: (parameters) => `${url}/oauth2/authorize?${new URLSearchParams(parameters)}`,
    async exchange(form) {
      let answer: Response;
      try {
        answer = await fetch(`${url}/oauth2/token`, {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({ grant_type: "authorization_code", ...form }).toString(),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
      } catch (error) {
        throw unavailable(error);
      }
      if (answer.status === 429 || answer.status >= 500) throw unavailable(`the pool answered ${answer.status}`);
      if (!answer.ok) return undefined;
      const { id_token, access_token, refresh_token, expires_in } = (await answer.json()) as Record<string, unknown>;
      if (typeof id_token !== "string" || typeof access_token !== "string" || typeof refresh_token !== "string")
        throw new Error("the pool's answer has not all tokens");
      return { id_token, access_token, refresh_token, expires_in: Number(expires_in) };
    },
    async claims(id_token, clientId) {
      try {
        return { ...(await verifier.verify(id_token, { clientId })) };
      } catch {
        return undefined;
      }
    },
  };
}

const unavailable = (cause: unknown): Problem =>
  new Problem("service_unavailable", "The identity provider does not answer right now. Begin the sign-in again.", {
    headers: { "retry-after": "5" },
    cause,
  });
