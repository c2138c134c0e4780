import type { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM, poolAccountItem } from "../../../shared/identity/items.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import type { Profile, Refusal } from "../model.ts";
import { type Connection, type Identity, identityId, identityItem, type SignIn } from "../store.ts";

/** Whose the person at a provider is already. */
export const identityOf = (
  table: Table,
  { id: connection_id, organization_id }: Pick<Connection, "id" | "organization_id">,
  { subject }: Pick<Profile, "subject">,
): Promise<Identity | undefined> =>
  table.of(organization_id).get(identityItem, { connection_id, id: identityId(connection_id, subject) });

/** Why a person at a provider that is everybody's does not become the user's who has asked for it: they are another's. */
export async function everybodysRefusal(
  table: Table,
  { asked_by }: Pick<SignIn, "asked_by">,
  { sub }: Pick<Profile, "sub">,
): Promise<Refusal | undefined> {
  const account = await table.of(PLATFORM).get(poolAccountItem, { sub });
  return account === undefined || account.user_id === asked_by?.user_id ? undefined : "identity_taken";
}

/**
 * Why a person at a provider does not become the user's who has asked for it. Their address proves nothing here, so its
 * domain need not be proved: the provider has proved the one, the session the other. But nobody is linked who could not
 * come in by the connection.
 */
export function linkRefusal(
  { asked_by }: Pick<SignIn, "asked_by">,
  { allowed_domains }: Pick<Connection, "allowed_domains">,
  { email }: Pick<Profile, "email">,
  identity: Pick<Identity, "user_id"> | undefined,
): Refusal | undefined {
  if (identity !== undefined && identity.user_id !== asked_by?.user_id) return "identity_taken";
  if (allowed_domains.length === 0) return undefined;
  if (email === null) return "no_email";
  return allowed_domains.includes(domainOf(email)) ? undefined : "domain_not_allowed";
}
