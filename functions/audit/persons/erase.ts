import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { auditItem, type EntryPart } from "../../../shared/change/items.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { DueWork } from "../../../shared/due/work.ts";
import type { ItemOf } from "../../../shared/dynamo/item.ts";
import type { Page, PageRequest, Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { eraseKey } from "../copies/keys.ts";
import { auditEvents } from "../events.ts";
import { holdsItem, isHeld } from "../holds/store.ts";
import { entryKey } from "../store.ts";
import { blanked } from "../tree/rules/evidence.ts";
import { ABOUT_PERSONS, personErasureStates } from "./model.ts";
import { type PersonErasure, personErasure, personErasureItem } from "./store.ts";

export interface ErasePersonDeps {
  readonly table: Table;
  readonly clock: Clock;
  /** Begins a call's work; what it gives says whether there is time for more, or the rest is left to the next call. */
  readonly budget: () => () => boolean;
}

/** Indexes show a change a moment late: a look that finds nothing is made again after this. */
const AGAIN_SECONDS = 60;
/** How often it is looked whether a legal hold is still active. */
const HELD_SECONDS = 3_600;

type Stored = ItemOf<typeof auditItem>;
interface Place {
  readonly part: EntryPart;
  readonly of: Pick<PageRequest, "index" | "of">;
}

/** Where entries stand that are about a person. What is erased leaves the index by which it was found. */
const placesOf = (user_id: string): Place[] => [
  { part: "actor", of: { index: "gsi1", of: { actor_key: `user:${user_id}` } } },
  ...ABOUT_PERSONS.map((type): Place => {
    return { part: "subject", of: { index: "gsi2", of: { resource_key: `${type}:${user_id}` } } };
  }),
];

/**
 * `audit_person_erasure`: takes a person out of the entries of an organization, a part of an entry at a time. What goes is replaced by
 * the commitment to it, which stands in the leaf already, so that every proof holds.
 * @returns when to look again; undefined once a look has found nothing
 */
export async function erasePerson({ tenant: id, ref: user_id }: Due, deps: ErasePersonDeps): ReturnType<DueWork> {
  const { table, clock } = deps;
  const tenant = table.of(id);
  const [organization, erasure, holds] = await table.batch([
    tenant.read(organizationItem, {}),
    tenant.read(personErasureItem, { user_id }),
    tenant.read(holdsItem, {}),
  ]);
  if (organization === undefined || erasure?.status !== "erasing") return undefined;
  // A hold that was placed meanwhile: what is not erased yet stays until it is released.
  if (isHeld(holds)) return addSeconds(clock.now(), HELD_SECONDS);
  await eraseKey(tenant, user_id, clock.now());
  const more = deps.budget();
  let found = 0;
  for (const { part, of } of placesOf(user_id)) {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: Page<Stored> = await tenant.page(auditItem, { ...of, limit: 100, cursor });
      // Looked at again before each part of the work: one may have been placed meanwhile.
      if (isHeld(await tenant.get(holdsItem, {}))) return addSeconds(clock.now(), HELD_SECONDS);
      const there = page.items.filter((entry) => entry.erased?.[part] === undefined);
      for (const entry of there) await tenant.touch(erasureOf(tenant, entry, part));
      if (there.length > 0) await count(tenant, user_id, there.length);
      if (there.length > 0 && !more()) return clock.now();
      found += there.length;
      cursor = page.next_cursor;
    }
  }
  if (found > 0) return addSeconds(clock.now(), AGAIN_SECONDS);
  await finish(tenant, organization, erasure, clock.now());
  return undefined;
}

const count = (tenant: TenantTable, user_id: string, parts: number): Promise<PersonErasure> =>
  tenant.apply(personErasureItem, tenant.writes.update(personErasureItem, { user_id }, { add: { parts } }));

/** It has ended, unless it was asked for again while this look was made: then what is due does it anew. */
async function finish(
  tenant: TenantTable,
  organization: Organization,
  { user_id, requested_at }: PersonErasure,
  at: Date,
): Promise<void> {
  const { id, name } = organization;
  const context = systemContext(id, personErasure.kind, at, retentionOf(organization).audit_days);
  const set = { status: "erased", completed_at: timestamp(at) } as const;
  const still = { one_of: { status: personErasureStates.from("erased") }, equals: { requested_at } };
  const refuse = (old: PersonErasure | undefined) => personErasureStates.refusal(old?.status ?? "erased", "erased");
  try {
    await commitChange(tenant.table, context, {
      writes: [tenant.writes.update(personErasureItem, { user_id }, { set }, still, refuse)],
      events: [draft(auditEvents, "audit.person_erased", { id, name }, { user_id })],
    });
  } catch (error) {
    // Another worker was first, or somebody has asked again.
    if (!(error instanceof Problem) || error.status >= 500) throw error;
  }
}

/** The update that takes one part out of an entry, if it is still as it was read: what another has erased stays erased. */
function erasureOf({ writes }: TenantTable, entry: Stored, part: EntryPart): Write {
  const { id, resource, salts, erased } = entry;
  const blank = blanked(entry, part);
  const set =
    part === "actor" ? { ...blank, actor_key: "user:erased" } : { ...blank, resource_key: `${resource.type}:erased` };
  const absent = [...(salts === undefined ? ["salts"] : []), ...(erased === undefined ? ["erased"] : [])];
  const equals = { ...(salts === undefined ? {} : { salts }), ...(erased === undefined ? {} : { erased }) };
  return writes.update(auditItem, entryKey(id), { set }, { exists: true, equals, absent });
}
