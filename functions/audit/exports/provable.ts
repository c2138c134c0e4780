import { auditEntrySchema, auditItem } from "../../../shared/change/items.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { idBounds, isOrdered, type TimeRange } from "../../../shared/http/time-range.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { monthOf } from "../model.ts";
import { entriesBetween, entryKey, evidenceFields } from "../store.ts";
import type { Head } from "../tree/rules/head.ts";
import { EARLY_SECONDS, LATE_SECONDS, sizeWithLate } from "../tree/rules/times.ts";
import {
  base64,
  headFrom,
  headsAround,
  type Leaf,
  latestHead,
  leavesOf,
  numbersOf,
  subtreeHashes,
  treeItem,
} from "../tree/store.ts";
import { checkItem } from "../upkeep/store.ts";
import { type EntryLine, EXPORT_VERSION, type ExportLine, isWithin, type Line, partOf } from "./rules/lines.ts";

export interface ProvableDeps {
  readonly tenant: TenantTable;
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<unknown>;
  /** The public half of the key that signs heads, PEM. */
  readonly key: () => Promise<string>;
}

/** How long an export waits for its own entry to get its number, so that all before it have theirs. */
const WAIT_MS = 20_000;
const LOOK_MS = 250;

/** Lines between two checkpoints, at least. */
const CHECKPOINT = 1_000;

/**
 * The lines of an export: a part of the tree that has all entries of the range, and what it takes to make the root of its
 * head with it. It waits until its own entry has a number, so that its head is as young as it; what has none by then stands
 * behind the last leaf, without a proof.
 * @param at the time of the request, and of the export's own entry
 */
export async function* provable(
  organization: Organization,
  range: TimeRange,
  at: Date,
  deps: ProvableDeps,
): AsyncGenerator<Line> {
  const { tenant } = deps;
  await ownNumber(at, deps);
  // What is known to have a number has it in every head that is read after this.
  const checked_to = (await tenant.get(checkItem, {}))?.checked_to ?? organization.created_at;
  const head = (await latestHead(tenant)) ?? null;
  const size = head?.size ?? 0;
  const { start, end } = await boundsOf(tenant, range, size);
  const { first, next } = partOf({ start, end, head });
  const [before = [], after = []] = await subtreeHashes(tenant, [
    { from: 0, to: first },
    { from: next, to: size },
  ]);
  let checkpoint = await checkpointAfter(tenant, first, next);
  const header: ExportLine = {
    line: "export",
    version: EXPORT_VERSION,
    organization_id: tenant.tenant,
    from: range.from ?? null,
    to: range.to ?? null,
    start,
    end,
    before: before.map(base64),
    after: after.map(base64),
    checkpoint: checkpoint?.size ?? null,
    head,
    key: await deps.key(),
  };
  yield header;
  for await (const leaves of leavesOf(tenant, { from: first, to: next })) {
    const entries = await entriesOf(tenant, leaves, header);
    for (const [i, leaf] of leaves.entries()) {
      yield lineOf(leaf, entries[i], header, deps.clock.now());
      if (checkpoint?.size !== leaf.sequence + 1) continue;
      const passed = checkpoint;
      checkpoint = await checkpointAfter(tenant, passed.size, next);
      yield { line: "checkpoint", head: passed, checkpoint: checkpoint?.size ?? null };
    }
  }
  yield* unnumbered(organization, { from: later(range.from, checked_to), to: range.to }, at, size, tenant);
}

const later = (time: string | undefined, other: string): string =>
  time !== undefined && Date.parse(time) > Date.parse(other) ? time : other;

/** The heads between which all of a range stands; null for the beginning of the tree and for its newest head. */
async function boundsOf(
  tenant: TenantTable,
  range: TimeRange,
  size: number,
): Promise<Pick<ExportLine, "start" | "end">> {
  const around = async (time: string | undefined, seconds: number) =>
    time === undefined ? undefined : headsAround(tenant, size, addSeconds(new Date(time), seconds));
  const start = (await around(range.from, -EARLY_SECONDS))?.before ?? null;
  const inTime = (await around(range.to, LATE_SECONDS))?.after ?? null;
  if (inTime === null) return { start, end: null };
  const least = sizeWithLate((await tenant.get(treeItem, {}))?.late, range);
  if (inTime.size >= least) return { start, end: inTime };
  const end = await headFrom(tenant, least);
  const serves = end !== undefined && end.size <= size && end.signed_at >= inTime.signed_at;
  return { start, end: serves ? end : null };
}

/** Waits until the entry that the export itself has left is numbered: by then those before it are. */
async function ownNumber(at: Date, { tenant, pause }: ProvableDeps): Promise<void> {
  for (let waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
    const { items } = await tenant.page(auditItem, {
      of: { month: monthOf(timestamp(at)) },
      ...idBounds("audit", { from: timestamp(at), to: timestamp(at) }),
      limit: 100,
    });
    const numbers = await numbersOf(
      tenant,
      items.map(({ id }) => id),
    );
    if (!numbers.includes(undefined)) return;
    await pause(LOOK_MS);
  }
}

async function checkpointAfter(tenant: TenantTable, size: number, next: number): Promise<Head | undefined> {
  const head = await headFrom(tenant, size + CHECKPOINT);
  return head !== undefined && head.size <= next ? head : undefined;
}

type Stored = ItemOf<typeof auditItem>;

/** The entries of leaves, undefined for those that are gone or are not asked for. */
async function entriesOf(
  tenant: TenantTable,
  leaves: readonly Leaf[],
  header: ExportLine,
): Promise<(Stored | undefined)[]> {
  const wanted = leaves.filter(({ audit_id }) => isWithin(audit_id, header));
  const found = await tenant.table.batch(wanted.map(({ audit_id }) => tenant.read(auditItem, entryKey(audit_id))));
  const byId = new Map(found.flatMap((entry) => (entry === undefined ? [] : [[entry.id, entry]])));
  return leaves.map(({ audit_id }) => byId.get(audit_id));
}

function lineOf(leaf: Leaf, entry: Stored | undefined, header: ExportLine, now: Date): Line {
  const { sequence, audit_id: id, entry_expires_at: expires_at, evidence, hashes } = leaf;
  const leaf_hash = hashes[0] ?? "";
  if (entry !== undefined) return entryLineOf(entry, sequence, leaf_hash);
  const why = !isWithin(id, header) ? "outside" : expires_at <= timestamp(now) ? "expired" : "missing";
  return { line: "leaf", sequence, why, id, expires_at, evidence, leaf_hash };
}

/** An entry with its place, as a line. */
export function entryLineOf(entry: Stored, sequence: number | null, leaf_hash: string | null): EntryLine {
  return { line: "entry", sequence, ...auditEntrySchema.parse(entry), ...evidenceFields(entry), leaf_hash };
}

/** Entries without a number in the tree that is exported. Only what is not known to have one is looked at. */
async function* unnumbered(
  organization: Organization,
  { from, to }: TimeRange,
  at: Date,
  size: number,
  tenant: TenantTable,
): AsyncGenerator<Line> {
  const range = { from, to: to !== undefined && Date.parse(to) < at.getTime() ? to : timestamp(at) };
  if (!isOrdered(range)) return;
  for await (const entries of entriesBetween(tenant, organization, range, at)) {
    if (entries.length === 0) continue;
    const numbers = await numbersOf(
      tenant,
      entries.map(({ id }) => id),
    );
    for (const [i, entry] of entries.entries()) if ((numbers[i] ?? size) >= size) yield entryLineOf(entry, null, null);
  }
}
