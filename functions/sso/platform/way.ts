import type { Way } from "../../../shared/identity/items.ts";
import type { PlatformProvider } from "../../../shared/identity/platform-providers.ts";
import { PROOF_ATTRIBUTE, platformProviderName } from "../../../shared/identity/pool-providers.ts";
import type { SignInDeps } from "../flow/deps.ts";
import { type Person, personOf } from "../flow/person.ts";
import { callbackOf } from "../model.ts";
import type { PlatformClients } from "./clients.ts";
import { provesAddress } from "./rules/proof.ts";

/** How people get to a provider that is everybody's; null where the operator has not set it up. */
export function platformWay(clients: PlatformClients, provider: PlatformProvider, origin: string): Way | null {
  const pool_client_id = clients[provider];
  if (pool_client_id === undefined) return null;
  const provider_name = platformProviderName(provider);
  return { pool_client_id, provider_name, callback_url: callbackOf(origin), kind: "oidc" };
}

/** The person that such a provider has sent. `email_verified` says whether the address shows who they are. */
export async function platformPerson(
  code: string,
  secret: string,
  { provider, way }: { readonly provider: PlatformProvider; readonly way: Way },
  deps: SignInDeps,
): Promise<Person | undefined> {
  const person = await personOf(code, secret, way, deps);
  if (person === undefined) return undefined;
  const { profile, claims } = person;
  const email_verified = provesAddress(provider, { ...profile, proof: claims[PROOF_ATTRIBUTE] });
  return { ...person, profile: { ...profile, email_verified } };
}
