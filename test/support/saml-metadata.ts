import { generate } from "selfsigned";

export interface TestCertificate {
  /** PEM. */
  readonly cert: string;
  readonly private: string;
  /** Base64 of DER, as metadata has it. */
  readonly text: string;
}

const DAY_MS = 86_400_000;

/** A certificate that is valid from and until so many days from now. */
export async function newCertificate(from = -1, until = 365, keySize = 2_048): Promise<TestCertificate> {
  const made = await generate([{ name: "commonName", value: "login.example.com" }], {
    keySize,
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() + from * DAY_MS),
    notAfterDate: new Date(Date.now() + until * DAY_MS),
  });
  return { ...made, text: made.cert.replaceAll(/-----[A-Z ]+-----|\s/g, "") };
}

const key = (text: string, use = ' use="signing"') =>
  `<md:KeyDescriptor${use}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;

/** Metadata as providers give it, with parts to change. */
export function samlMetadata(
  certificates: readonly string[],
  {
    entity_id = "https://login.example.com/saml",
    sign_in_url = "https://login.example.com/saml/sign-in?of=acme&to=us",
    before = '<?xml version="1.0" encoding="UTF-8"?>\n',
    keys = certificates.map((text) => key(text)).join(""),
    more = "",
    root = "",
  } = {},
): string {
  const location = sign_in_url.replaceAll("&", "&amp;");
  return `${before}<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entity_id}"${root}>
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    ${keys}
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${location}"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${location}"/>
  </md:IDPSSODescriptor>${more}
</md:EntityDescriptor>`;
}
