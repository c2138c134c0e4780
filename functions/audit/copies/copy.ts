import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { LockedFiles } from "../../../shared/blobs/locked.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { DueWork } from "../../../shared/due/work.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { rereading } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { derivedId } from "../../../shared/ids.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import type { SigningKey } from "../../../shared/signing/kms.ts";
import { auditEvents } from "../events.ts";
import { auditHolding, HOLDING, holdsItem, unmovedHolds } from "../holds/store.ts";
import { base64, headFrom, subtreeHashes, treeItem } from "../tree/store.ts";
import { type File, filesOf } from "./file.ts";
import { personKeys } from "./keys.ts";
import { type Part, partFrom } from "./part.ts";
import { personsOf } from "./sealed.ts";
import { auditCopying, COPY_SECONDS, type Copy, copiedItem, copyItem } from "./store.ts";

export interface CopyDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly secrets: Sealer;
  readonly files: Pick<LockedFiles, "put">;
  readonly key: Pick<SigningKey, "public">;
  /** Begins a call's work; what it gives says whether there is time for more, or the rest is left to the next call. */
  readonly budget: () => () => boolean;
}

/** A lock has to end in the future; what is about to end is locked for so many days more. */
const LEAST_DAYS = 1;

/**
 * `audit_copying`: writes what has been numbered since the last copy into locked files, a part of the tree at a time. A part is
 * copied when the transaction that says so holds; a file of one that did not lies there unnamed until its lock ends.
 * @returns when to go on; undefined when all is copied
 */
export async function copyLog({ tenant: id }: Due, deps: CopyDeps): ReturnType<DueWork> {
  const { table, clock } = deps;
  const tenant = table.of(id);
  const more = deps.budget();
  const [organization, tree, copied] = await table.batch([
    tenant.read(organizationItem, {}),
    tenant.read(treeItem, {}),
    tenant.read(copiedItem, {}),
  ]);
  // Of one that is gone the table keeps what has to be kept, and nothing new happens.
  if (organization === undefined || tree?.copying !== true) return undefined;
  try {
    for (let first = copied?.next ?? 0; first < tree.size; ) {
      first = await keep(tenant, await partFrom(tenant, first, tree.size), deps);
      if (first < tree.size && !more()) return clock.now();
    }
    const all = { equals: { size: tree.size, copying: true } };
    await tenant.touch(tenant.writes.update(treeItem, {}, { set: { copying: false } }, all));
    // Unless there are more entries by now.
    const left = await tenant.get(treeItem, {});
    return left?.copying === true ? addSeconds(clock.now(), COPY_SECONDS) : undefined;
  } catch (error) {
    // Another worker or a hold was at it.
    if (error instanceof Problem && error.code === "precondition_failed") return addSeconds(clock.now(), COPY_SECONDS);
    throw error;
  }
}

/** Writes the files of a part, and says that it is copied. @returns where the next part begins */
async function keep(tenant: TenantTable, part: Part, deps: CopyDeps): Promise<number> {
  const { table, clock, files, secrets } = deps;
  const { first, head } = part;
  const at = clock.now();
  const entries = part.leaves.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
  const persons = new Set(entries.flatMap((entry) => Object.values(personsOf(entry))));
  const keys = await personKeys(tenant, [...persons], secrets);
  const start = first === 0 ? null : ((await headFrom(tenant, first)) ?? null);
  const [before = []] = await subtreeHashes(tenant, [{ from: 0, to: first }]);
  const made = filesOf(part, {
    organization_id: tenant.tenant,
    start,
    before: before.map(base64),
    key: (await deps.key.public()).pem,
    at,
    keyOf: (user_id, { occurred_at }) => {
      const kept = keys.get(user_id);
      const erased = kept?.erased_to !== undefined && occurred_at <= kept.erased_to;
      return erased ? undefined : kept?.key;
    },
  });
  const copies: Copy[] = [];
  for (const file of made) copies.push(await written(tenant.tenant, file, part, at, files));
  const holds = await tenant.get(holdsItem, {});
  const { writes } = tenant;
  await commitChange(table, systemContext(tenant.tenant, auditCopying.kind, at, 0), {
    writes: rereading([
      writes.put(copiedItem, { next: head.size }, first === 0 ? { exists: false } : { equals: { next: first } }),
      ...copies.map((copy) => writes.create(copyItem, copy)),
      // A hold that comes now finds these copies, or they find it.
      unmovedHolds(tenant, holds),
      ...((holds?.active ?? 0) > 0 ? [auditHolding.set(tenant, HOLDING, at)] : []),
    ]),
    events: [draft(auditEvents, "audit.copied", { id: tenant.tenant }, copiedOf(part, copies))],
  });
  return head.size;
}

/** One file, locked until the last of its entries ends. */
async function written(
  tenant: string,
  { kept_days, text, entries }: File,
  { first, head }: Part,
  at: Date,
  files: CopyDeps["files"],
): Promise<Copy> {
  const bytes = gzipSync(text, { level: 9 });
  const ends = entries.map(({ expires_at }) => expires_at).concat(timestamp(addDays(at, LEAST_DAYS)));
  const locked_until = ends.sort().at(-1) ?? "";
  const times = entries.map(({ occurred_at }) => occurred_at).sort();
  const object = await files.put(`${kept_days}/${tenant}/${first}-${head.size}.jsonl.gz`, bytes, locked_until);
  return {
    // Copies stand in the order of what they copy, whatever the clocks of those who made them said.
    id: derivedId("audit_copy", new Date(first), [tenant, String(kept_days)]),
    first,
    next: head.size,
    kept_days,
    entries: entries.length,
    from: times[0] ?? "",
    to: times.at(-1) ?? "",
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    object,
    locked_until,
    on_hold: false,
    created_at: timestamp(at),
    expires_at: locked_until,
  };
}

const copiedOf = ({ first, head }: Part, copies: readonly Copy[]) => ({
  first,
  next: head.size,
  copies: copies.map(({ id, kept_days, entries, sha256 }) => ({ id, kept_days, entries, sha256 })),
});
