import type { Certificate, Metadata, SamlProvider } from "../model.ts";
import { NAME_ID_FORMAT } from "../model.ts";

/** What a connection keeps of a provider's metadata. */
export function samlStored(
  { entity_id, sign_in_url, certificates }: Metadata,
  { metadata_url, audience }: Pick<SamlProvider, "metadata_url" | "audience">,
) {
  const provider: SamlProvider = {
    kind: "saml",
    entity_id,
    sign_in_url,
    metadata_url,
    certificates: certificates.map(({ der: _, ...shown }) => shown),
    certificates_expire_at: certificates[0]?.not_after ?? "",
    audience,
    name_id_format: NAME_ID_FORMAT,
  };
  return { provider, certificate_texts: certificates.map(({ fingerprint, der }) => ({ fingerprint, der })) };
}

/** The certificates of a connection, with their bytes. */
export const certificatesWithText = (
  { certificates }: SamlProvider,
  texts: readonly Pick<Certificate, "fingerprint" | "der">[],
): Certificate[] => {
  const text = new Map(texts.map(({ fingerprint, der }) => [fingerprint, der]));
  return certificates.map((one) => ({ ...one, der: text.get(one.fingerprint) ?? "" }));
};
