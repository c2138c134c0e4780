import * as z from "zod";

/** Longest metadata that is read, in characters: Entra's, which describes far more than sign-in, has some 80,000. */
export const METADATA_CHARACTERS = 250_000;
/** Most signing certificates of a provider: one in use and one for the change are usual. */
export const CERTIFICATES = 10;
/** Longest certificate in base64 that Cognito takes. */
export const CERTIFICATE_CHARACTERS = 4_096;

/** What Cognito takes of a person as their name at the provider, best as one that stays when an address changes. */
export const NAME_ID_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/** As whom the pool shows itself to providers, and for whom assertions have to be. */
export const audienceOf = (user_pool_id: string): string => `urn:amazon:cognito:sp:${user_pool_id}`;

export const certificateSchema = z
  .object({
    fingerprint: z.string().meta({
      description: "SHA-256 of the certificate, in hex.",
      example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }),
    not_before: z.string(),
    not_after: z.string(),
  })
  .meta({ id: "SamlCertificate", description: "A certificate of which the provider's signatures may be." });

export const samlSchema = z
  .object({
    kind: z.literal("saml"),
    entity_id: z.string().meta({
      description: "How the provider names itself.",
      example: "https://login.example.com/saml",
    }),
    sign_in_url: z.string().meta({
      description: "Where people are sent to sign in.",
      example: "https://login.example.com/saml/sign-in",
    }),
    metadata_url: z.string().nullable().meta({
      description: "Where the metadata is read from each day.",
      example: "https://login.example.com/saml/metadata",
    }),
    metadata_read_at: z.string(),
    metadata_problem: z.string().nullable().meta({
      description: "Why it could not be read last time; what was read before stays.",
      example: null,
    }),
    certificates: z.array(certificateSchema),
    certificates_expire_at: z.string().meta({ description: "From then on no certificate is left: nobody comes in." }),
    audience: z.string().meta({
      description: "What to enter at the provider as our entity id (audience, identifier).",
      example: "urn:amazon:cognito:sp:eu-central-1_AbCdEfGhI",
    }),
    name_id_format: z.string().meta({ description: "Which NameID the provider should give.", example: NAME_ID_FORMAT }),
  })
  .meta({ id: "SamlProvider", description: "How the provider signs, and how it has to know us." });
export type SamlProvider = z.output<typeof samlSchema>;

/** The last warning that was given: of which end, and which of the warnings before it. */
const warnedSchema = z.object({ expires_at: z.string(), days: z.int() });
export type Warned = z.output<typeof warnedSchema>;

/** What a connection has of its provider that nobody needs to see. */
export const samlStateSchema = z.object({
  /** The certificates, as base64 of DER. */
  certificates: z.array(z.object({ fingerprint: z.string(), der: z.string() })),
  /** At which time those were chosen that the pool has. */
  chosen_at: z.string(),
  warned: warnedSchema.nullable(),
});
export type SamlState = z.output<typeof samlStateSchema>;

/** What an administrator gives of a SAML provider: its metadata, or where to read it. */
export const samlSourceSchema = z
  .strictObject({
    kind: z.literal("saml"),
    metadata: z.string().min(1).max(METADATA_CHARACTERS).optional().meta({
      description: "The provider's metadata (XML), as it was downloaded.",
      example: '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://login.example.com">…',
    }),
    metadata_url: z.string().min(1).max(500).optional().meta({
      description: "Where the metadata is: read now, and each day from then on.",
      example: "https://login.example.com/saml/metadata",
    }),
  })
  .refine(({ metadata, metadata_url }) => (metadata === undefined) !== (metadata_url === undefined), {
    error: "must have `metadata` or `metadata_url`, and not both",
  })
  .meta({ id: "SamlSource" });
export type SamlSource = z.output<typeof samlSourceSchema>;

/** A certificate with its bytes, as base64 of DER. */
export type Certificate = z.output<typeof certificateSchema> & { readonly der: string };

/** What counts of a provider's metadata. */
export interface Metadata {
  readonly entity_id: string;
  readonly sign_in_url: string;
  /** One at least is valid, none is over; the one that ends last stands first. */
  readonly certificates: readonly Certificate[];
}
