import type { auditItem } from "../../../shared/change/items.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Condition } from "../../../shared/dynamo/condition.ts";
import type { ItemOf } from "../../../shared/dynamo/item.ts";
import { pause } from "../../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { rereading, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import type { SigningKey } from "../../../shared/signing/kms.ts";
import { auditCopying, COPY_SECONDS } from "../copies/store.ts";
import { hashOf, leafDataOf } from "../tree/rules/evidence.ts";
import { type Head, statementOf } from "../tree/rules/head.ts";
import { added, type Peak, rootOf } from "../tree/rules/merkle.ts";
import { afterNumber } from "../tree/rules/times.ts";
import { base64, blockOf, headItem, leafItem, numberItem, peaksOf, type Tree, treeItem } from "../tree/store.ts";
import { auditCheck, auditTelling, CHECK_SECONDS, TREE } from "../upkeep/store.ts";

export type Stored = ItemOf<typeof auditItem>;

export interface NumberDeps {
  readonly clock: Clock;
  readonly key: SigningKey;
}

/** Entries of one transaction: each is two items, beside the tree and its head. */
export const MOST_ENTRIES = 40;

/** How often the tree is read again because another worker was first, before the records come again. */
const TRIES = 8;
const PAUSE_MS = 20;

/** A number is known for longer than the stream keeps the record of its entry, even where that has come to its end. */
const KNOWN_SECONDS = 2 * 86_400;

/** Heads are told of at most as often. */
const TELLING_SECONDS = 60;

const EMPTY: Tree = { size: 0, peaks: [], telling: false, copying: false };

/**
 * Gives entries of one organization their numbers, which are their places in its tree, and signs the head of the tree that
 * has them. Each transaction writes leaves, numbers, the tree and its head under the condition that the tree is as it was
 * read, so numbers have no gap, and no entry has two: those that have one are left out.
 * @returns how many got one
 */
export async function numberEntries(
  tenant: TenantTable,
  entries: readonly Stored[],
  deps: NumberDeps,
): Promise<number> {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  let items = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  let numbered = 0;
  for (let tries = 1; items.length > 0; ) {
    const [stored, organization, ...numbers] = await tenant.table.batch([
      tenant.read(treeItem, {}),
      tenant.read(organizationItem, {}),
      ...items.map(({ id }) => tenant.read(numberItem, { audit_id: id })),
    ]);
    items = items.filter((_, i) => numbers[i] === undefined);
    let tree: Tree = (stored as Tree | undefined) ?? EMPTY;
    try {
      while (items.length > 0) {
        const [chunk, later] = [items.slice(0, MOST_ENTRIES), items.slice(MOST_ENTRIES)];
        const at = deps.clock.now();
        const grown = grow(tenant, tree, chunk, {
          at,
          lives: isAlive(organization),
        });
        const head = await signed(tenant.tenant, grown, at, deps.key);
        await tenant.transact(rereading([...grown.writes, tenant.writes.create(headItem, head)]));
        tree = grown.tree;
        items = later;
        numbered += chunk.length;
      }
    } catch (error) {
      const lost = error instanceof Problem && error.code === "precondition_failed";
      if (!lost || tries === TRIES) throw error;
      await pause(tries++, PAUSE_MS);
    }
  }
  return numbered;
}

/** Of an organization that is gone, or about to go, nobody is told; its last entries get their places like all. */
const isAlive = (organization: Organization | undefined): boolean =>
  organization?.status === "active" || organization?.status === "suspended";

interface Grown {
  readonly tree: Tree;
  readonly peaks: readonly Peak[];
  readonly writes: readonly Write[];
}

/** The tree with some entries more, and what is written for that. */
function grow(
  tenant: TenantTable,
  read: Tree,
  entries: readonly Stored[],
  { at, lives }: { readonly at: Date; readonly lives: boolean },
): Grown {
  const { writes } = tenant;
  const known_until = timestamp(addSeconds(at, KNOWN_SECONDS));
  let peaks = peaksOf(read);
  let { size: sequence, late } = read;
  const made: Write[] = [];
  for (const entry of entries) {
    const said = leafDataOf(entry);
    const next = added(peaks, { level: 0, hash: hashOf(said) });
    peaks = next.peaks;
    const { id: audit_id, expires_at } = entry;
    made.push(
      writes.create(leafItem, {
        block: blockOf(sequence),
        sequence,
        audit_id,
        entry_expires_at: expires_at,
        evidence: said.evidence,
        hashes: next.made.map(base64),
      }),
      writes.create(numberItem, {
        audit_id,
        sequence,
        expires_at: expires_at > known_until ? expires_at : known_until,
      }),
    );
    late = afterNumber(late, audit_id, sequence, at);
    sequence++;
  }
  const tree: Tree = {
    size: sequence,
    peaks: peaks.map(({ hash }) => base64(hash)),
    telling: read.telling || lives,
    copying: read.copying === true || lives,
    ...(late === undefined ? {} : { late }),
  };
  const unmoved = read.size === 0 ? { exists: false } : asRead(read);
  if (tree.telling && !read.telling) made.push(auditTelling.set(tenant, TREE, addSeconds(at, TELLING_SECONDS)));
  if (tree.copying && read.copying !== true) made.push(auditCopying.set(tenant, TREE, addSeconds(at, COPY_SECONDS)));
  if (lives && read.size === 0) made.push(auditCheck.set(tenant, TREE, addSeconds(at, CHECK_SECONDS)));
  return { tree, peaks, writes: [...made, writes.put(treeItem, tree, unmoved)] };
}

/** Trees of before there were copies do not say whether one is due. */
const asRead = ({ size, telling, copying }: Tree): Condition =>
  copying === undefined ? { equals: { size, telling }, absent: ["copying"] } : { equals: { size, telling, copying } };

/** The signed head of a tree. What is signed leaves this function with the transaction that makes it true, or never. */
async function signed(organization_id: string, { tree, peaks }: Grown, at: Date, key: SigningKey): Promise<Head> {
  const { key_id } = await key.public();
  const said = {
    organization_id,
    size: tree.size,
    root_hash: base64(rootOf(peaks)),
    signed_at: timestamp(at),
    key_id,
  };
  const { signature } = await key.sign(statementOf(said));
  return { ...said, signature };
}
