import type { EventDraft } from "../../../shared/change/events.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { alreadyExists, Problem } from "../../../shared/errors.ts";
import {
  emailItem,
  type Membership,
  membershipItem,
  PLATFORM,
  type User,
  userItem,
} from "../../../shared/identity/items.ts";
import { newUser } from "../../../shared/identity/new-user.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import { type DomainOwner, readDomainOwner, stillProved } from "../../domains/public.ts";
import { type Joining, join, joined, moveStanding } from "../../users/public.ts";
import { scimEvents } from "../events.ts";
import { forgetLeaver } from "../forgetting/forget.ts";
import { commit, type DirectoryCall } from "../protocol/call.ts";
import { invalidValue } from "../rules/error.ts";
import type { ScimUserAttributes } from "../rules/schemas.ts";
import {
  countWrite,
  externalIdItem,
  type ScimUser,
  scimUserItem,
  scimUserNameItem,
  settingsItem,
  takeExternalId,
  takeUserName,
  userNameKey,
} from "../store.ts";
import { requireWithinReach } from "./reach.ts";
import type { Person } from "./read.ts";
import { addressOf, displayNameOf } from "./rules/person.ts";

/** In place of what nobody has. */
const NOBODY = "nobody";

/** Who has the address of whom the directory brings. */
interface Found {
  readonly user: User | undefined;
  readonly membership: Membership | undefined;
  readonly default_role: string;
  readonly domain: DomainOwner;
}

/**
 * Brings somebody: a new user, or whoever has the address already, as a member of this organization and nothing else.
 * Only addresses of a domain that the organization has proved: of others nobody's account is made, found or touched. It
 * gives the directory no part in the account: name, address and ways of signing in are the person's, and no session opens
 * by it.
 */
export function createUser(table: Table, call: DirectoryCall, attributes: ScimUserAttributes): Promise<Person> {
  const address = addressOf(attributes);
  if (address === undefined)
    throw invalidValue("emails must have an address of mail, or userName must be one: it is who the user is here.");
  return updateWithRetry(undefined, async () => {
    const found = await find(table, call, attributes, address);
    const { user: known, membership } = found;
    const user = known ?? brought(call, attributes, address);
    const record = newRecord(call, attributes, user.id);
    const standing = await stand(table, call, { ...found, user, active: record.active });
    const own = table.of(call.context.tenant);
    const platform = table.of(PLATFORM);
    await commit(call, {
      writes: [
        ...(known === undefined
          ? [
              platform.writes.create(emailItem, { email: address, user_id: user.id }, lostRace),
              platform.writes.create(userItem, user),
            ]
          : [platform.writes.check(emailItem, { email: address }, { equals: { user_id: user.id } }, lostRace)]),
        stillProved(table, found.domain, lostRace),
        ...standing.writes,
        own.writes.create(scimUserItem, record, lostRace),
        takeUserName(own, record.name_key, user.id),
        ...(record.external_id === null ? [] : [takeExternalId(own, "user", record.external_id, user.id)]),
        countWrite(own, "user", 1),
      ],
      events: [
        draft(
          scimEvents,
          "scim.user_provisioned",
          { id: user.id, name: user.name },
          { user_id: user.id, known: membership !== undefined && membership.status !== "removed" },
        ),
        ...standing.events,
      ],
    });
    return { record, membership: standing.membership, user };
  });
}

/** @throws ScimError or Problem for what is there already, and for an address that is not the organization's */
async function find(
  table: Table,
  { context: { tenant } }: DirectoryCall,
  { userName, externalId }: ScimUserAttributes,
  address: string,
): Promise<Found> {
  const own = table.of(tenant);
  const platform = table.of(PLATFORM);
  const [settings, name, external, marker, domain] = await table.batch([
    own.read(settingsItem, {}),
    own.read(scimUserNameItem, { name_key: userNameKey(userName) }),
    own.read(externalIdItem, { kind: "user", external_id: externalId ?? NOBODY }),
    platform.read(emailItem, { email: address }),
    readDomainOwner(table, domainOf(address)),
  ]);
  // Who was removed a moment ago by somebody else is forgotten right away: the directory need not wait for it.
  for (const id of [name?.user_id, externalId === undefined ? undefined : external?.id])
    if (id !== undefined && (await forgetLeaver(table, tenant, id))) throw lostRace();
  if (name !== undefined) throw alreadyExists("userName", "Another user has this userName.");
  if (external !== undefined && externalId !== undefined)
    throw alreadyExists("externalId", "Another user has this externalId.");
  if (domain?.organization_id !== tenant)
    throw invalidValue(
      `The organization has not proved that the domain ${domainOf(address)} is its own, and brings nobody by an address of it.`,
    );
  const default_role = settings?.default_role ?? "viewer";
  if (marker === undefined) return { user: undefined, membership: undefined, default_role, domain };
  const { user_id } = marker;
  const [user, membership, record] = await table.batch([
    platform.read(userItem, { id: user_id }),
    own.read(membershipItem, { user_id }),
    own.read(scimUserItem, { id: user_id }),
  ]);
  if (user?.status !== "active") throw new Problem("conflict", "The account that has this address is not active.");
  if (record !== undefined && (await forgetLeaver(table, tenant, user_id))) throw lostRace();
  if (record !== undefined) throw alreadyExists("emails", "Another user of the directory has this address.");
  return { user, membership, default_role, domain };
}

/** A new user without a password and a session: they come through the organization's sign-in provider, or choose a password by mail. */
const brought = ({ context: { tenant }, at }: DirectoryCall, attributes: ScimUserAttributes, email: string): User =>
  newUser(
    {
      id: newId("user", at),
      email,
      name: displayNameOf(attributes, email),
      language: null,
      organization_id: tenant,
      sub: null,
      has_password: false,
    },
    at,
  );

function newRecord({ at }: DirectoryCall, attributes: ScimUserAttributes, id: string): ScimUser {
  const { active = true, ...said } = attributes;
  const now = timestamp(at);
  return {
    id,
    name_key: userNameKey(said.userName),
    external_id: said.externalId ?? null,
    active,
    attributes: { ...said },
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
}

/** They join, come again, or are a member already, whose standing becomes what the directory says. */
async function stand(
  table: Table,
  call: DirectoryCall,
  { user, membership, default_role, active }: Found & { readonly user: User; readonly active: boolean },
): Promise<{
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
  readonly membership: Membership;
}> {
  const {
    caller: { organization },
    at,
  } = call;
  const status = active ? "active" : "suspended";
  if (membership !== undefined && membership.status !== "removed") {
    // Whom an administrator has suspended stays so: nothing says that the directory knows of it.
    if (active || membership.status === "suspended") return { writes: [], events: [], membership };
    await requireWithinReach(table, call, membership);
    const { next, writes, event } = moveStanding(table, { user, membership }, status, at, { by_directory: true });
    return { writes, events: [event], membership: next };
  }
  const joining: Joining = {
    organization,
    user,
    role: default_role,
    joined_via: "scim",
    status,
    primary: user.default_organization_id === organization.id,
    inactive: lostRace,
    at,
  };
  const { writes, membership: next } = join(table, joining, membership);
  return { writes, events: [joined(joining)], membership: next };
}
