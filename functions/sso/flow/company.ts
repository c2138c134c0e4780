import { isDeepStrictEqual } from "node:util";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Call } from "../../../shared/http/call.ts";
import { emailItem, organizationItem, PLATFORM } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import { readDomainOwner } from "../../domains/public.ts";
import { readPending } from "../../invitations/public.ts";
import type { Place, Profile, Refusal } from "../model.ts";
import { type Connection, connectionItem, identityId, identityItem, wayTo } from "../store.ts";
import type { SignInDeps } from "./deps.ts";
import type { signInOperations } from "./operations.ts";
import { type Person, personOf } from "./person.ts";
import { endRefused } from "./refused.ts";
import type { Begun } from "./rules/begun.ts";
import { joins, shutOut } from "./rules/decide.ts";

type Callback = (typeof signInOperations)["callback"];

/** Somebody whom a provider has proved, who is not shut out by what is known so far. */
export interface Arrived {
  readonly id: string;
  readonly person: Person;
  readonly seen_user_id: string | undefined;
  readonly seen_organization_id?: string | undefined;
}

/** In place of what a provider has not said. */
const NOBODY = "nobody";

/** What is known without the person themselves, in one read. */
async function seen(table: Table, { organization_id, connection_id }: Place, profile: Profile | undefined) {
  const tenant = table.of(organization_id);
  const email = profile?.email ?? NOBODY;
  return table.batchOf({
    connection: tenant.read(connectionItem, { id: connection_id }),
    organization: tenant.read(organizationItem, {}),
    identity: profile && tenant.read(identityItem, { connection_id, id: identityId(connection_id, profile.subject) }),
    marker: profile && table.of(PLATFORM).read(emailItem, { email }),
    owner: profile && readDomainOwner(table, domainOf(email)),
    pending: profile && readPending(table, organization_id, email),
  });
}

/**
 * Why nobody comes in with what the provider has said; undefined where it depends on who it is, which is decided when the
 * app comes for the tokens (`token.ts`), on reads of that moment.
 */
function refusalOf(
  connection: Connection,
  known: Awaited<ReturnType<typeof seen>>,
  profile: Profile,
): Refusal | undefined {
  const { identity, marker, owner, pending, organization } = known;
  if (organization?.status !== "active") return "connection_inactive";
  const proved = owner?.organization_id === organization.id ? owner : undefined;
  const reason = shutOut({ connection, profile, domain_proved: proved !== undefined, known: identity });
  if (reason !== undefined || identity !== undefined || marker !== undefined) return reason;
  const auto_join_role = proved?.auto_join === true ? proved.default_role : null;
  // Whether an invitation is still open is looked at when it is accepted.
  const invited_role = pending && connection.default_role;
  return joins({ connection, auto_join_role, invited_role, membership: undefined }) === null
    ? "not_invited"
    : undefined;
}

/**
 * Somebody who comes back from a company's provider. Whoever is refused stands in the connection's history.
 * @returns the reason, where nobody comes in
 */
export async function arriveFromCompany(
  call: Call<Callback>,
  deps: SignInDeps,
  { secret, way }: Begun,
  place: Place,
): Promise<Arrived | Refusal> {
  const { query, at } = call;
  const { table } = deps;
  const person = query.code === undefined ? undefined : await personOf(query.code, secret, way, deps);
  const known = await seen(table, place, person?.profile);
  const { connection } = known;
  // It is gone, or never led there.
  if (connection === undefined) return "connection_inactive";
  if (!isDeepStrictEqual(wayTo(connection), way)) return "expired";
  const id = newId("sso_sign_in", at);
  const refuse = async (reason: Refusal): Promise<Refusal> => {
    const signIn = { id, ...place };
    await endRefused(call, table, { signIn, connection, reason, email: person?.profile.email ?? null });
    return reason;
  };
  if (connection.status !== "active") return refuse("connection_inactive");
  if (person === undefined) return refuse(query.code === undefined ? "provider_refused" : "provider_failed");
  const reason = refusalOf(connection, known, person.profile);
  if (reason !== undefined) return refuse(reason);
  return { id, person, seen_user_id: known.identity?.user_id ?? known.marker?.user_id };
}
