import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { newCertificate, samlMetadata } from "./saml-metadata.ts";
import { samlify } from "./samlify.ts";

/** What a person's directory says of them: the name that never changes, and attributes. */
export interface SamlEmployee {
  readonly name_id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TestSamlProvider {
  readonly metadata: string;
  readonly metadata_url: string;
  /** What is answered under `metadata_url` from now on. */
  publishes(metadata: string): void;
  /** Who sits before the browser from now on. */
  signsIn(employee: SamlEmployee): void;
  /** The requests that the pool has sent people with. */
  readonly requests: readonly URL[];
  stop(): Promise<void>;
}

// What is sent to this provider is not checked against SAML's schema: it is the pool's.
samlify.setSchemaValidator({ validate: async () => "not checked" });

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** The page by which a provider's answer is posted: its script sends it at once. */
const page = (to: string, fields: Readonly<Record<string, string>>) =>
  `<!doctype html><form method="post" action="${escaped(to)}">${Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`)
    .join("")}</form><script>document.forms[0].submit()</script>`;

/**
 * A company's SAML provider on a port of its own: a real one, in which whoever sits before the browser is signed in
 * without being asked.
 * @param audience the pool's name to providers
 * @param acs the pool's page, to which they send people back
 */
export async function startSamlProvider(audience: string, acs: string): Promise<TestSamlProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const certificate = await newCertificate();
  const metadata = samlMetadata([certificate.text], { entity_id: `${own}/saml`, sign_in_url: `${own}/sign-in` });
  let published = metadata;
  let present: SamlEmployee | undefined;
  const requests: URL[] = [];
  const sp = samlify.ServiceProvider({
    entityID: audience,
    wantAssertionsSigned: true,
    assertionConsumerService: [{ Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", Location: acs }],
  });

  /** A provider whose answers have the attributes of one person. */
  const providerFor = (attributes: readonly string[]) =>
    samlify.IdentityProvider({
      metadata,
      privateKey: certificate.private,
      signingCert: certificate.cert,
      loginResponseTemplate: {
        context: samlify.SamlLib.defaultLoginResponseTemplate.context,
        attributes: attributes.map((name, i) => ({
          name,
          valueTag: `a${i}`,
          nameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
          valueXsiType: "xs:string",
        })),
      },
    });

  async function answer(url: URL): Promise<string> {
    if (present === undefined) throw new Error("nobody sits before the browser");
    requests.push(url);
    const { name_id, attributes } = present;
    const names = Object.keys(attributes);
    const idp = providerFor(names);
    const query = Object.fromEntries(url.searchParams);
    const request = await idp.parseLoginRequest(sp, "redirect", { query });
    const now = new Date();
    const later = new Date(now.getTime() + 300_000).toISOString();
    const fill = (template: string) => {
      const id = `_${randomUUID()}`;
      return {
        id,
        context: samlify.SamlLib.replaceTagsByValue(template, {
          ID: id,
          AssertionID: `_${randomUUID()}`,
          Destination: acs,
          Audience: audience,
          EntityID: audience,
          SubjectRecipient: acs,
          AssertionConsumerServiceURL: acs,
          Issuer: `${own}/saml`,
          IssueInstant: now.toISOString(),
          StatusCode: "urn:oasis:names:tc:SAML:2.0:status:Success",
          ConditionsNotBefore: now.toISOString(),
          ConditionsNotOnOrAfter: later,
          SubjectConfirmationDataNotOnOrAfter: later,
          NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
          NameID: name_id,
          InResponseTo: request.extract.request.id,
          AuthnStatement: "",
          ...Object.fromEntries(names.map((name, i) => [`attrA${i}`, attributes[name] ?? ""])),
        }),
      };
    };
    const { context } = await idp.createLoginResponse(sp, request, "post", {}, { customTagReplacement: fill });
    return page(acs, { SAMLResponse: context, RelayState: query.RelayState ?? "" });
  }

  server.on("request", (request, response) => {
    const url = new URL(request.url ?? "/", own);
    if (url.pathname === "/metadata") {
      response.setHeader("content-type", "application/samlmetadata+xml").end(published);
      return;
    }
    answer(url).then(
      (html) => response.setHeader("content-type", "text/html; charset=utf-8").end(html),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  return {
    metadata,
    metadata_url: `${own}/metadata`,
    publishes(next) {
      published = next;
    },
    signsIn(employee) {
      present = employee;
    },
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
