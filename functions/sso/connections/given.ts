import { invalid } from "../../../shared/http/parse.ts";
import type { OidcProvider } from "../model.ts";
import type { SamlSource } from "../saml/model.ts";
import { metadataFrom } from "../saml/read.ts";
import { samlStored } from "../saml/rules/stored.ts";
import { type Connection, secretContext } from "../store.ts";
import type { ConnectionDeps } from "./deps.ts";

/** What is sent of a provider. A secret may be left out where there is one. */
export type GivenProvider = (OidcProvider & { readonly client_secret?: string | undefined }) | SamlSource;

type Stored = Pick<Connection, "provider" | "sealed_secret" | "saml">;

/**
 * What a connection keeps of the provider that is sent: a secret encrypted, metadata read and judged.
 * @param read the connection as it is, where there is one
 * @throws Problem `validation_failed`, `unsafe_url`
 */
export async function providerFrom(
  deps: ConnectionDeps,
  sent: GivenProvider,
  of: Pick<Connection, "organization_id" | "id">,
  at: Date,
  read?: Stored,
): Promise<Stored> {
  if (read !== undefined && read.provider.kind !== sent.kind)
    throw invalid([{ path: "provider.kind", message: `is ${read.provider.kind} and stays it: connect another one` }]);
  if (sent.kind === "saml") {
    const metadata = await metadataFrom(sent, at, deps);
    const { audience } = deps;
    const known = { metadata_url: sent.metadata_url ?? null, audience };
    return { ...samlStored(metadata, known, read?.saml?.warned ?? null, at), sealed_secret: null };
  }
  const { client_secret, ...provider } = sent;
  const sealed_secret =
    client_secret === undefined
      ? (read?.sealed_secret ?? null)
      : await deps.secrets.encrypt(client_secret, secretContext(of));
  return { provider, sealed_secret, saml: null };
}
