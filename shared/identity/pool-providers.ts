import type { PlatformProvider } from "./platform-providers.ts";

/** The pool's attributes into which a provider's claims are put; the aliases of the pool's own accounts stay untouched. */
export const POOL_ATTRIBUTES = {
  email: "custom:email",
  email_verified: "custom:email_verified",
  name: "name",
  groups: "custom:groups",
} as const;

/** What a platform-wide provider says beside an address that shows whose it is: Google the company, Microsoft that it is its. */
export const PROOF_ATTRIBUTE = "custom:email_proof";

/** A provider as the pool is to know it. */
export interface PoolProvider {
  readonly name: string;
  readonly type: "OIDC" | "SAML";
  readonly details: Readonly<Record<string, string>>;
  /** Attributes of the pool, each with the provider's claim that fills it. */
  readonly mapping: Readonly<Record<string, string>>;
}

/**
 * How a provider's app client differs from Cognito's defaults: one provider, one flow, one address, no secret (the code is
 * bound to a verifier), no way in by password, no scope that opens the pool's own doors.
 * @param more attributes beside the usual ones that the provider fills
 */
export const clientSettings = (provider: string, callback: string, more: readonly string[] = []) => {
  // The pool writes what the provider says by the client's right to write it; nobody else has a token that may.
  const attributes = [...Object.values(POOL_ATTRIBUTES), ...more];
  return {
    SupportedIdentityProviders: [provider],
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthFlows: ["code" as const],
    AllowedOAuthScopes: ["openid"],
    CallbackURLs: [callback],
    GenerateSecret: false,
    ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH" as const],
    PreventUserExistenceErrors: "ENABLED" as const,
    EnableTokenRevocation: true,
    ReadAttributes: attributes,
    WriteAttributes: attributes,
    AccessTokenValidity: 15,
    IdTokenValidity: 5,
    RefreshTokenValidity: 7,
    TokenValidityUnits: { AccessToken: "minutes" as const, IdToken: "minutes" as const, RefreshToken: "days" as const },
  };
};

/** How the operator's own registration at a platform-wide provider is known. */
export interface Registration {
  readonly issuer: string;
  readonly client_id: string;
  readonly client_secret: string;
}

/**
 * What names a registration where the provider calls people otherwise in another one: what is known by the old names is worth
 * nothing then. Microsoft does, Google does not.
 */
export const registrationName = (
  provider: PlatformProvider,
  { issuer, client_id }: Pick<Registration, "issuer" | "client_id">,
): string | undefined => (provider === "microsoft" ? `${client_id} ${issuer}` : undefined);

/** The name of a platform-wide provider at the pool. Without an underscore: the pool names accounts `<name>_<subject>`. */
export const platformProviderName = (provider: PlatformProvider): string => `platform-${provider}`;

/** The claim that shows whose an address is. */
const PROOF_CLAIMS: Readonly<Record<PlatformProvider, string>> = { google: "hd", microsoft: "xms_edov" };

/**
 * Microsoft's tenant of personal accounts. There the claim holds for every address to which a mail has once come, also one of a
 * company that its owner has left: it shows nothing of whose the address is.
 */
const PERSONAL_ACCOUNTS = "9188040d-6c67-4c5b-b112-36a304b66dad";

/**
 * A platform-wide provider as the pool is to know it. Google too by OpenID Connect: of what the pool's own kind for it hands
 * on, the company of a person is no part.
 */
export const platformPoolProvider = (provider: PlatformProvider, registration: Registration): PoolProvider => ({
  name: platformProviderName(provider),
  type: "OIDC",
  details: {
    oidc_issuer: registration.issuer,
    client_id: registration.client_id,
    client_secret: registration.client_secret,
    authorize_scopes: "openid email profile",
    attributes_request_method: "GET",
  },
  mapping: {
    username: "sub",
    [POOL_ATTRIBUTES.email]: "email",
    [POOL_ATTRIBUTES.name]: "name",
    // Microsoft has no such claim.
    ...(provider === "google" ? { [POOL_ATTRIBUTES.email_verified]: "email_verified" } : {}),
    ...(registration.issuer.includes(PERSONAL_ACCOUNTS) ? {} : { [PROOF_ATTRIBUTE]: PROOF_CLAIMS[provider] }),
  },
});
