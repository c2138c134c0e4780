import type { Document, Element } from "@xmldom/xmldom";
import type { Metadata } from "../model.ts";
import { certificatesAmong } from "./certificates.ts";

const METADATA = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE = "http://www.w3.org/2000/09/xmldsig#";
const PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol";
/** The one in which Cognito sends its requests. */
const REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

export type Judged = { readonly metadata: Metadata } | { readonly problem: string };

/** Children of a name, never what lies deeper: nothing counts that stands in another place. */
function children(of: Element, namespace: string, name: string): Element[] {
  const found: Element[] = [];
  for (let node = of.firstChild; node !== null; node = node.nextSibling) {
    const element = node as Element;
    if (element.namespaceURI === namespace && element.localName === name) found.push(element);
  }
  return found;
}

const words = (text: string | null): string[] => (text ?? "").split(/\s+/);

/** @returns whether the time in this attribute has passed, or is none */
function isPast(element: Element, at: Date): boolean {
  const until = element.getAttribute("validUntil");
  return until !== null && !(Date.parse(until) > at.getTime());
}

function signInProblem(location: string, allow_http: boolean): string | undefined {
  const url = URL.parse(location);
  if (location.length > 1_000 || url === null) return "has an address for sign-in that is none";
  if (url.protocol !== "https:" && !(allow_http && url.protocol === "http:"))
    return "has an address for sign-in that is not https";
  if (url.username !== "" || url.password !== "" || url.hash !== "")
    return "has an address for sign-in with a name, a password or a fragment";
  return undefined;
}

/**
 * Judges a provider's metadata (SAML 2.0 Metadata, 2.3.2 and 2.4.3): one provider that speaks SAML 2.0, with a name, an
 * address to which requests are redirected, and certificates. The rest of the document says nothing to us.
 * @param allow_http whether addresses without TLS are taken: on a laptop only
 */
export function judgeMetadata(document: Document, at: Date, { allow_http }: { readonly allow_http: boolean }): Judged {
  const root = document.documentElement;
  if (document.doctype !== null) return { problem: "has a document type, which metadata may not have" };
  if (root?.namespaceURI === METADATA && root.localName === "EntitiesDescriptor")
    return { problem: "describes several providers: give the metadata of one" };
  if (root?.namespaceURI !== METADATA || root.localName !== "EntityDescriptor")
    return { problem: "is no metadata of SAML 2.0" };
  const entity_id = root.getAttribute("entityID")?.trim() ?? "";
  if (entity_id === "" || entity_id.length > 1_024 || /[\p{Cc}\s]/u.test(entity_id))
    return { problem: "does not say how the provider is called (`entityID`)" };
  // Microsoft's for every tenant says `{tenantid}`: any tenant's administrator could say any address.
  if (/[{}]/.test(entity_id)) return { problem: "is not of one company: give that of your own tenant" };
  const roles = children(root, METADATA, "IDPSSODescriptor").filter((role) =>
    words(role.getAttribute("protocolSupportEnumeration")).includes(PROTOCOL),
  );
  const [role] = roles;
  if (role === undefined) return { problem: "describes no provider that signs people in by SAML 2.0" };
  if (roles.length > 1) return { problem: "describes its sign-in twice" };
  if (isPast(root, at) || isPast(role, at)) return { problem: "is no longer valid by what it says itself" };
  const sign_in_url = children(role, METADATA, "SingleSignOnService")
    .find((service) => service.getAttribute("Binding") === REDIRECT)
    ?.getAttribute("Location")
    ?.trim();
  if (sign_in_url === undefined) return { problem: "has no address for sign-in by redirect (HTTP-Redirect)" };
  const wrong = signInProblem(sign_in_url, allow_http);
  if (wrong !== undefined) return { problem: wrong };
  const certificates = certificatesAmong(certificateTexts(role), at);
  return "problem" in certificates ? certificates : { metadata: { entity_id, sign_in_url, certificates } };
}

/** Of keys that are for signing, or for everything. */
function certificateTexts(role: Element): string[] {
  return children(role, METADATA, "KeyDescriptor")
    .filter((key) => [null, "", "signing"].includes(key.getAttribute("use")))
    .flatMap((key) => children(key, SIGNATURE, "KeyInfo"))
    .flatMap((info) => children(info, SIGNATURE, "X509Data"))
    .flatMap((data) => children(data, SIGNATURE, "X509Certificate"))
    .map((certificate) => certificate.textContent ?? "");
}
