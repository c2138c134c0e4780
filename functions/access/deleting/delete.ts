import { readRules, replaceRules } from "../../../shared/access/bundle.ts";
import { type OwnRole, ownRoleItem } from "../../../shared/access/own-roles.ts";
import { type ChangeSet, commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { type Clock, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { Page, Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { type Membership, membershipItem } from "../../../shared/identity/items.ts";
import { auditDaysOf } from "../../../shared/identity/organization.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import { userEvents } from "../../users/events.ts";
import { replaceMembership } from "../../users/public.ts";
import { accessEvents } from "../events.ts";
import { freeName, roleDeletion, withoutRole, withRole } from "../store.ts";
import { naming } from "./naming.ts";

interface Deps {
  readonly table: Table;
  readonly clock: Clock;
}

/** Memberships that one transaction moves: three items each, and the proof that the role is still being deleted. */
const AT_A_TIME = 25;
const LARGEST = AT_A_TIME * 3 + 2;
/** How much one call does: memberships that it reads at a time, and milliseconds after which the rest is due again at once. */
const USUAL = { page: 200, longest_ms: 60_000 };

/**
 * `role_deletion`: gives everybody who has a role the one that was named in its place, some at a time, and ends it. Each step is a
 * transaction that says how far it has come, so a worker that dies leaves nothing half done and the next one goes on there.
 *
 * Members are looked through as they are, in the order of their ids, not by the index of roles, which is a moment behind: since the
 * role was marked nobody gets it any more, so one look finds everybody.
 * @returns when to go on; undefined when the role is gone, or stays
 */
export async function deleteRole(
  { tenant, ref }: Due,
  { table, clock }: Deps,
  { page: limit, longest_ms } = USUAL,
): Promise<Date | undefined> {
  const own = table.of(tenant);
  const started = performance.now();
  const role = await own.get(ownRoleItem, { id: ref });
  if (role?.status !== "deleting") return undefined;
  if ((await naming(own, role.id)).length > 0) return giveUp(own, role, clock);
  let cursor: string | undefined;
  do {
    const page: Page<Membership> = await own.page(membershipItem, { of: {}, limit, from: role.moved_to, cursor });
    const holders = page.items.filter((one) => one.role === ref && one.status !== "removed");
    if (holders.length > 0 && role.replacement === null) return giveUp(own, role, clock);
    for (let i = 0; i < holders.length; i += AT_A_TIME) await move(own, role, holders.slice(i, i + AT_A_TIME), clock);
    cursor = page.next_cursor ?? undefined;
    if (cursor !== undefined && performance.now() - started > longest_ms) {
      const last = page.items.at(-1)?.user_id;
      if (last !== undefined) await own.transact([mark(own, role, last)]);
      return clock.now();
    }
  } while (cursor !== undefined);
  await end(own, role, clock);
  return undefined;
}

/** Writes down up to which member nobody has the role any more. */
const mark = ({ writes }: TenantTable, { id, etag }: OwnRole, moved_to: string): Write =>
  writes.update(ownRoleItem, { id }, { set: { moved_to } }, { equals: { etag } }, lostRace);

const contextOf = async (own: TenantTable, at: Date) =>
  systemContext(own.tenant, roleDeletion.kind, at, await auditDaysOf(own));

/** Gives some members the other role; one who has changed meanwhile is read again. */
const move = (own: TenantTable, role: OwnRole, holders: readonly Membership[], clock: Clock): Promise<void> =>
  updateWithRetry(undefined, async ({ fresh }) => {
    const read = fresh
      ? await own.table.batch(holders.map(({ user_id }) => own.read(membershipItem, { user_id })))
      : holders;
    const at = clock.now();
    const steps = read.flatMap((one) =>
      one === undefined || one.role !== role.id || one.status === "removed" || role.replacement === null
        ? []
        : [moved(own, one, role.replacement, at)],
    );
    const [first, ...others] = steps.map(({ event }) => event);
    if (first === undefined) return;
    const deleting = { equals: { status: "deleting", etag: role.etag } };
    const change: ChangeSet = {
      writes: [
        own.writes.check(ownRoleItem, { id: role.id }, deleting, lostRace),
        ...steps.flatMap(({ writes }) => writes),
      ],
      events: [first, ...others],
      largest: LARGEST,
    };
    await commitChange(own.table, await contextOf(own, at), change);
  });

function moved(own: TenantTable, read: Membership, role: string, at: Date): { writes: Write[]; event: EventDraft } {
  const { user_id, organization_id } = read;
  const next: Membership = { ...read, role, updated_at: timestamp(at), etag: newEtag(at) };
  const data = { user_id, organization_id, role, previous_role: read.role };
  const changes = [{ field: "role", old: read.role, new: role }];
  return {
    writes: replaceMembership(own.table, read, next),
    event: draft(userEvents, "membership.role_changed", { id: user_id }, data, { changes }),
  };
}

/** Ends the role when nobody has it: its record, its name, its place, and what it granted. */
const end = (own: TenantTable, role: OwnRole, clock: Clock): Promise<void> =>
  updateWithRetry(undefined, async () => {
    const at = clock.now();
    const rules = await readRules(own);
    const { id, name, etag, replacement } = role;
    // Another worker has ended it.
    if ((await own.get(ownRoleItem, { id }))?.etag !== etag) return;
    await commitChange(own.table, await contextOf(own, at), {
      writes: [
        own.writes.remove(ownRoleItem, { id }, { equals: { etag } }, lostRace),
        freeName(own, role),
        giveQuota(own, "roles"),
        ...replaceRules(own, rules, withoutRole(rules, id)),
      ],
      events: [draft(accessEvents, "role.deleted", { id, name }, { role_id: id, name, replacement })],
    });
  });

/**
 * The role stays: somebody has got it, or something has come to name it, in the moment in which its deletion began, and nothing
 * says what they get instead.
 */
async function giveUp(own: TenantTable, read: OwnRole, clock: Clock): Promise<undefined> {
  await updateWithRetry(undefined, async () => {
    const at = clock.now();
    const rules = await readRules(own);
    const { id, name, etag, grants } = read;
    if ((await own.get(ownRoleItem, { id }))?.etag !== etag) return;
    const { moved_to: _, ...rest } = read;
    const next: OwnRole = {
      ...rest,
      status: "active",
      replacement: null,
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const changes = [{ field: "status", old: read.status, new: next.status }];
    await commitChange(own.table, await contextOf(own, at), {
      writes: [own.writes.replace(ownRoleItem, next, etag), ...replaceRules(own, rules, withRole(rules, next))],
      events: [
        draft(
          accessEvents,
          "role.updated",
          { id, name },
          { role_id: id, name, changed_fields: ["status"], grants },
          {
            changes,
            reason: "Somebody got it, or something came to name it, in the moment in which its deletion began.",
          },
        ),
      ],
    });
  });
  return undefined;
}
