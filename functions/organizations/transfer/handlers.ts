import { type SignedIn, userIdOf } from "../../../shared/access/caller.ts";
import { decide } from "../../../shared/access/decide.ts";
import { grantsOf } from "../../../shared/access/own-roles.ts";
import { builtInGrants } from "../../../shared/access/roles.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { badReference, notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { membershipItem, type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import { breaksGlass, OWNER } from "../../../shared/identity/owners.ts";
import { newId } from "../../../shared/ids.ts";
import { beyond, handOver, requireWithin } from "../../users/public.ts";
import type { OrganizationsDeps } from "../deps.ts";
import { organizationEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { TRANSFER_SECONDS, type Transfer } from "./model.ts";
import { answerWrites, askWrite, transferExpiry, transferItem } from "./store.ts";

type Ops = typeof operations;

/** What every event of a transfer names. */
export const aboutTransfer = ({ id, name }: Pick<Organization, "id" | "name">, transfer: Transfer) => ({
  organization_id: id,
  name,
  transfer_id: transfer.id,
  from_user_id: transfer.from_user_id,
  to_user_id: transfer.to_user_id,
});

/** What tells that a transfer has ended without anybody's role changing. */
export const transferEnded = (
  organization: Pick<Organization, "id" | "name">,
  transfer: Transfer,
  outcome: "declined" | "withdrawn" | "expired",
): EventDraft =>
  draft(organizationEvents, "organization.transfer_ended", organization, {
    ...aboutTransfer(organization, transfer),
    outcome,
  });

export const askTransfer: Handler<Ops["askTransfer"], OrganizationsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const organization = await call.load();
  // Whoever makes an owner holds what owners hold: a role of the organization's own may hold less.
  requireWithin(caller, OWNER, builtInGrants(OWNER));
  const tenant = table.of(organization.id);
  const from_user_id = userIdOf(caller.principal);
  if (from_user_id === undefined) throw new Problem("forbidden", "Only a person hands an organization over.");
  if (body.user_id === from_user_id) throw badReference("user_id", "is yourself");
  if (organization.break_glass_user_id === from_user_id) throw breaksGlass();
  const heir = await tenant.get(membershipItem, { user_id: body.user_id });
  if (heir?.role === OWNER && heir.status === "active") throw badReference("user_id", "is an owner already");
  const transfer: Transfer = {
    id: newId("ownership_transfer", at),
    organization_id: organization.id,
    from_user_id,
    to_user_id: body.user_id,
    former_role: body.former_role,
    status: "pending",
    asked_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, TRANSFER_SECONDS)),
    answered_at: null,
  };
  const { expires_at } = transfer;
  return call.commit(
    {
      writes: [
        call.stillPermitted(),
        activeMember(table, organization.id, transfer.to_user_id, "user_id"),
        askWrite(tenant, transfer),
        transferExpiry.set(tenant, transfer.id, new Date(expires_at)),
      ],
      events: [
        draft(organizationEvents, "organization.transfer_asked", organization, {
          ...aboutTransfer(organization, transfer),
          expires_at,
        }),
      ],
    },
    transfer,
  );
};

/** Both see it: whoever is asked, and whoever may hand the organization over. */
export const getTransfer: Handler<Ops["getTransfer"], OrganizationsDeps> = async ({ caller, path }, { table }) => {
  const { member, transfer } = await shownTo(caller, path.organization_id, table);
  if (transfer.to_user_id !== caller.user.id && !decide(member.grants, "organizations:transfer").allowed)
    throw notFound();
  return transfer;
};

export const withdrawTransfer: Handler<Ops["withdrawTransfer"], OrganizationsDeps> = async (call, { table }) => {
  const organization = await call.load();
  const tenant = table.of(organization.id);
  const transfer = await tenant.get(transferItem, {});
  if (transfer === undefined) throw notFound();
  await call.commit(
    {
      writes: [call.stillPermitted(), ...answerWrites(tenant, transfer, "withdrawn", call.at)],
      events: [transferEnded(organization, transfer, "withdrawn")],
    },
    undefined,
  );
  return undefined;
};

export const declineTransfer: Handler<Ops["declineTransfer"], OrganizationsDeps> = async (call, { table }) => {
  const { caller, path, at } = call;
  const { member, transfer } = await askedOf(caller, path.organization_id, table);
  const { organization } = member;
  return call.commit(
    {
      writes: answerWrites(table.of(organization.id), transfer, "declined", at),
      events: [transferEnded(organization, transfer, "declined")],
    },
    { ...transfer, status: "declined", answered_at: timestamp(at) },
    { tenant: organization.id, actor: caller.principal },
  );
};

/** Both roles change in the transaction that answers; whoever is demoted, suspended or removed meanwhile prevents it. */
export const acceptTransfer: Handler<Ops["acceptTransfer"], OrganizationsDeps> = async (call, { table }) => {
  const { caller, path, at } = call;
  return updateWithRetry(undefined, async () => {
    const { member, transfer } = await askedOf(caller, path.organization_id, table);
    const { organization } = member;
    const tenant = table.of(organization.id);
    const [owner, heir] = await table.batch([
      tenant.read(membershipItem, { user_id: transfer.from_user_id }),
      tenant.read(membershipItem, { user_id: transfer.to_user_id }),
    ]);
    if (heir?.status !== "active") throw notFound();
    const held = owner?.status === "active" ? await grantsOf(table, organization, owner.role) : [];
    if (owner === undefined || beyond(held, builtInGrants(OWNER)).length > 0)
      throw new Problem("conflict", "Whoever asked you is no owner of the organization any more.", {
        members: { state: "asker_no_owner" },
      });
    const over = handOver(table, owner, heir, transfer.former_role, at);
    const data = { ...aboutTransfer(organization, transfer), former_role: transfer.former_role };
    return call.commit(
      {
        writes: [
          ...answerWrites(tenant, transfer, "accepted", at),
          tenant.writes.check(
            organizationItem,
            {},
            { equals: { status: "active" }, differs: { break_glass_user_id: transfer.from_user_id } },
            (old) => (old?.status === "active" ? breaksGlass() : notFound()),
          ),
          ...over.writes,
        ],
        events: [draft(organizationEvents, "organization.ownership_transferred", organization, data), ...over.events],
      },
      { ...transfer, status: "accepted", answered_at: timestamp(at) },
      { tenant: organization.id, actor: caller.principal },
    );
  });
};

/**
 * The newest transfer of the organization in which a person is active.
 * @throws Problem `not_found` where the path names another organization, or nothing was ever asked
 */
async function shownTo({ member }: SignedIn, organization_id: string, table: Table) {
  if (member?.organization.id !== organization_id) throw notFound();
  const transfer = await table.of(organization_id).get(transferItem, {});
  if (transfer === undefined) throw notFound();
  return { member, transfer };
}

/** The transfer that this person is asked to answer; of any other they learn nothing. */
async function askedOf(caller: SignedIn, organization_id: string, table: Table) {
  const shown = await shownTo(caller, organization_id, table);
  if (shown.transfer.to_user_id !== caller.user.id) throw notFound();
  return shown;
}
