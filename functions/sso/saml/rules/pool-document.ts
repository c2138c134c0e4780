import type { Certificate } from "../model.ts";
import { isValid } from "./certificates.ts";

const CHARACTERS: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => CHARACTERS[character] ?? "");

/**
 * The metadata that the pool is given: written here from what was judged, so that nothing reaches it that was not. It
 * has the certificates that are valid at this time, or all where none is; Cognito refuses those that are over.
 */
export function poolDocument(
  provider: { readonly entity_id: string; readonly sign_in_url: string; readonly certificates: readonly Certificate[] },
  at: Date,
): string {
  const valid = provider.certificates.filter((one) => isValid(one, at));
  const keys = (valid.length > 0 ? valid : provider.certificates).map(
    ({ der }) =>
      `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${der}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${escaped(provider.entity_id)}">`,
    '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">',
    ...keys,
    `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${escaped(provider.sign_in_url)}"/>`,
    "</IDPSSODescriptor></EntityDescriptor>",
  ].join("");
}

/**
 * How the pool treats a SAML provider (docs/adr/0043). Answers only to requests of its own, which it signs; whoever
 * signs out here stays signed in at the company.
 */
export const POOL_SAML_SETTINGS = {
  IDPInit: "false",
  IDPSignout: "false",
  EncryptedResponses: "false",
  RequestSigningAlgorithm: "rsa-sha256",
} as const;
