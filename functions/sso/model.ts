import { createHash } from "node:crypto";
import * as z from "zod";
import { nameSchema } from "../../shared/http/schemas.ts";
import { givenRoleSchema, groupRulesSchema } from "../../shared/identity/group-rules.ts";
import { platformProviderSchema } from "../../shared/identity/platform-providers.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";
import { NAME_ID_FORMAT, samlSchema } from "./saml/model.ts";

const statuses = ["pending", "active", "inactive", "deleting"] as const;

export const connectionStates = defineStates("sso_connection", statuses, [
  { from: [], to: "pending", why: "It is created: the table knows it, the user pool not yet." },
  { from: ["pending"], to: "active", why: "The user pool knows it too." },
  { from: ["active"], to: "inactive", why: "An administrator turns it off: nobody signs in through it." },
  { from: ["inactive"], to: "active", why: "An administrator turns it on again." },
  { from: ["pending", "active", "inactive"], to: "deleting", why: "It is deleted; the user pool forgets it next." },
]);

/** Providers that are set up often, each with what is known of its issuer. */
export const presets = ["microsoft_entra", "google", "okta", "auth0", "custom"] as const;

export const presetSchema = z.enum(presets).meta({ id: "SsoPreset" });

/** A domain of mail in its ASCII form, in lower case. */
export const mailDomainSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]{0,61}[a-z\d]$/, "is not a domain such as example.com")
  .meta({ example: "example.com" });

const claimName = z.string().trim().min(1).max(128);

/** Which of the provider's claims say what. */
export const attributesSchema = z
  .strictObject({
    email: claimName.meta({ example: "email" }),
    email_verified: claimName
      .nullable()
      .meta({ description: "Null with SAML, which has no word for it.", example: "email_verified" }),
    name: claimName.meta({ example: "name" }),
    groups: claimName.meta({ example: "groups" }),
  })
  .meta({ id: "SsoAttributes", description: "Names of the provider's claims, with SAML of its attributes." });
export type Attributes = z.output<typeof attributesSchema>;

/** What an administrator says of them; the rest is as the provider usually calls it, or as it was. */
export const givenAttributesSchema = attributesSchema.partial().meta({ id: "SsoGivenAttributes" });

export const oidcSchema = z
  .strictObject({
    kind: z.literal("oidc"),
    issuer: z.string().min(1).max(500).meta({
      description: "As the provider's discovery document says it.",
      example: "https://login.example.com",
    }),
    client_id: z.string().trim().min(1).max(256).meta({ example: "0oa1b2c3d4e5f6g7h8i9" }),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/, "is not a scope"))
      .max(20)
      .default(["openid", "email", "profile"])
      .refine((scopes) => scopes.includes("openid"), "must have `openid`"),
  })
  .meta({ id: "OidcProvider", description: "How the provider knows us." });
export type OidcProvider = z.output<typeof oidcSchema>;

/** How people are signed in there. */
export const providerSchema = z.discriminatedUnion("kind", [oidcSchema, samlSchema]).meta({ id: "SsoProvider" });
export type ProviderKind = z.output<typeof providerSchema>["kind"];

/** Where the pool takes people back from their provider. */
const POOL_PAGES = { oidc: "/oauth2/idpresponse", saml: "/saml2/idpresponse" } as const;

const { audience, name_id_format } = samlSchema.shape;
const redirect_url = z.string().meta({
  description: "What to enter at the provider as the redirect address, with SAML as the ACS (reply) URL.",
});

export const serviceProviderSchema = z
  .object({
    oidc: z.object({ redirect_url }),
    saml: z.object({ redirect_url, audience, name_id_format }),
  })
  .meta({ id: "SsoServiceProvider", description: "How providers have to know us." });

/** How providers of each kind have to know us. */
export const serviceProvider = ({ pool_url, audience }: { readonly pool_url: string; readonly audience: string }) => ({
  oidc: { redirect_url: pool_url + POOL_PAGES.oidc },
  saml: { redirect_url: pool_url + POOL_PAGES.saml, audience, name_id_format: NAME_ID_FORMAT },
});

/** What an administrator sets of a connection. */
export const settingsShape = {
  name: nameSchema,
  allowed_domains: z.array(mailDomainSchema).max(20).meta({
    description: "Only people with an address of one of these come in by it; empty: of every domain that is proved.",
  }),
  default_role: givenRoleSchema,
  provisioning: z.boolean().meta({
    description: "Whether people come in who were neither invited nor let in by their domain.",
  }),
  email_trust: z.enum(["claim", "provider"]).meta({
    id: "SsoEmailTrust",
    description:
      "`claim`: an address counts as verified where the provider's claim says so. `provider`: all that it gives do, because the company itself hands them out; always so with SAML. Either way only addresses of domains that the organization has proved.",
  }),
  attributes: attributesSchema,
  group_rules: groupRulesSchema,
};

export const connectionSchema = z
  .object({
    id: idSchema("sso_connection"),
    organization_id: idSchema("organization"),
    preset: presetSchema,
    status: z.enum(statuses).meta({ id: "SsoConnectionStatus" }),
    ...settingsShape,
    provider: providerSchema,
    redirect_url,
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "SsoConnection", description: "A provider through which people of an organization sign in." });

/** What names a connection. */
export const placeSchema = z.strictObject({
  organization_id: idSchema("organization"),
  connection_id: idSchema("sso_connection"),
});
export type Place = z.output<typeof placeSchema>;

/** A provider that is everybody's, and the organization that somebody who is new wants to join by an invitation. */
export const everybodysSchema = z.strictObject({
  provider: platformProviderSchema,
  joins: idSchema("organization").optional(),
});
export type Everybodys = z.output<typeof everybodysSchema>;

/** Where a sign-in leads: to the provider of an organization, or to one that is everybody's. */
export const leadSchema = z.union([placeSchema, everybodysSchema]);
export type Lead = z.output<typeof leadSchema>;

export const linkedBySchema = z.enum(["email", "user"]).meta({
  id: "SsoLinkedBy",
  description: "What made it the user's: an address that proves who they are, or they themselves.",
});

/** A person at a provider, and whose account they are. */
export const identitySchema = z
  .object({
    id: idSchema("sso_identity"),
    connection_id: idSchema("sso_connection"),
    user_id: idSchema("user"),
    email: z.string().nullable().meta({ description: "As the provider said it last." }),
    linked_by: linkedBySchema,
    created_at: z.string(),
    last_sign_in_at: z.string(),
  })
  .meta({ id: "SsoIdentity", description: "A person at a provider, and the user that they are here." });

/** What the provider and the pool say of a person. */
export const profileSchema = z.object({
  subject: z.string(),
  sub: z.string(),
  email: z.string().nullable(),
  email_verified: z.boolean(),
  name: z.string(),
  /** Null where the provider did not say. */
  groups: z.array(z.string()).nullable(),
});
export type Profile = z.output<typeof profileSchema>;

export const signInOutcomeSchema = z.enum(["signed_in", "refused"]).meta({ id: "SsoSignInOutcome" });

/** What came of the trial of a connection: what the provider said, and what a sign-in would have made of it. */
export const trialResultSchema = z
  .object({
    outcome: signInOutcomeSchema.meta({ description: "How a sign-in would have ended." }),
    reason: z.string().nullable().meta({ description: "Why nobody would have been let in.", example: "not_invited" }),
    explanation: z.string().nullable().meta({ example: "You do not belong to this company's organization here." }),
    claims: profileSchema
      .omit({ sub: true })
      .meta({ id: "SsoClaims", description: "As the user pool hands them on: mapped as the connection says." })
      .nullable(),
    account: z
      .enum(["known", "linked", "new"])
      .nullable()
      .meta({ description: "Whether the person is known, has an account that would be linked, or would get one." }),
    user_id: idSchema("user").nullable(),
    joins_via: z.enum(["invitation", "domain", "sso"]).nullable().meta({
      description: "By what they would become a member; null for whoever is one.",
    }),
    role: z.string().nullable().meta({ description: "With the rules for their groups.", example: "developer" }),
    enters_teams: z.array(idSchema("team")),
    leaves_teams: z.array(idSchema("team")),
  })
  .meta({ id: "SsoTrialResult", description: "What a sign-in would have come to. Nothing was made of it." });
export type TrialResult = z.output<typeof trialResultSchema>;

/** Where the pool sends people back to, of a deployment at this origin. */
export const callbackOf = (origin: string): string => `${origin}/api/v1/sso/callback`;

/**
 * The name of a connection's provider at the pool: bound to organization and connection, 32 letters and digits, the most
 * that Cognito takes. Without an underscore: the pool names accounts `<provider>_<subject>`.
 */
export const providerName = (organization_id: string, connection_id: string): string =>
  `k${createHash("sha256").update(`${organization_id}/${connection_id}`).digest("hex").slice(0, 31)}`;

/** Why somebody does not come in: the closed list, each with words for the person. */
export const refusals = {
  connection_inactive: "This way of signing in is turned off. Ask an administrator of your company.",
  no_connection: "No company has connected a sign-in for this address here. Sign in with your password.",
  expired: "This sign-in took too long, or was begun in another browser. Begin again.",
  provider_refused: "The provider did not let you through, or the sign-in was cancelled.",
  provider_failed: "The provider gave an answer that cannot be trusted. Ask an administrator.",
  no_email: "The provider did not say your e-mail address. Ask an administrator.",
  email_not_verified: "Your company's sign-in did not say that your e-mail address is verified.",
  address_not_proved:
    "The provider does not prove that your e-mail address is yours. Sign in another way; then link this one in your account.",
  second_factor:
    "Your account has a second factor. Sign in with it; then link this way of signing in, in your account.",
  domain_not_proved: "Your company has not proved that the domain of your e-mail address is its own.",
  domain_not_allowed: "People with your e-mail domain do not come in this way.",
  method_not_taken: "Your company's organization does not take this way of signing in. Take another one.",
  account_inactive: "Your account is not active. Ask an administrator of your company.",
  not_invited: "You do not belong to this company's organization here. Ask an administrator for an invitation.",
  nobody_known: "Nobody here is known by this sign-in. If you were invited, open the link in that mail.",
  identity_taken: "This sign-in belongs to another account here.",
  organization_full: "Your company's plan has no place left for you. Ask an administrator of your company.",
  too_many_accounts: "Too many sign-ins are linked to your account. Remove one in your settings.",
} as const;
export type Refusal = keyof typeof refusals;

/** How long somebody has between the start and their provider's answer, and then until the app takes the code. */
export const SIGN_IN_SECONDS = 600;
export const CODE_SECONDS = 60;
/** How long the result of a trial can be looked at. */
export const TRIAL_SECONDS = 3_600;
/** How long the history of a connection is kept. */
export const HISTORY_DAYS = 90;
