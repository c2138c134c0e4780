import { timestamp } from "../../../../shared/clock.ts";
import {
  type Certificate,
  type Metadata,
  NAME_ID_FORMAT,
  type SamlProvider,
  type SamlState,
  type Warned,
} from "../model.ts";

/** What a connection keeps of a provider's metadata that was read at this time. */
export function samlStored(
  { entity_id, sign_in_url, certificates }: Metadata,
  { metadata_url, audience }: Pick<SamlProvider, "metadata_url" | "audience">,
  warned: Warned | null,
  at: Date,
): { readonly provider: SamlProvider; readonly saml: SamlState } {
  const provider: SamlProvider = {
    kind: "saml",
    entity_id,
    sign_in_url,
    metadata_url,
    metadata_read_at: timestamp(at),
    metadata_problem: null,
    certificates: certificates.map(({ der: _, ...shown }) => shown),
    certificates_expire_at: certificates[0]?.not_after ?? "",
    audience,
    name_id_format: NAME_ID_FORMAT,
  };
  const texts = certificates.map(({ fingerprint, der }) => ({ fingerprint, der }));
  return { provider, saml: { certificates: texts, chosen_at: timestamp(at), warned } };
}

/** The certificates of a connection, with their bytes. */
export function certificatesOf({ certificates }: SamlProvider, state: SamlState | null): Certificate[] {
  const texts = new Map(state?.certificates.map(({ fingerprint, der }) => [fingerprint, der]));
  return certificates.map((one) => ({ ...one, der: texts.get(one.fingerprint) ?? "" }));
}
