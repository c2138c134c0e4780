import { ScanCommand, type ScanCommandOutput } from "@aws-sdk/lib-dynamodb";
import { isSecurityAction } from "../../../shared/change/commit.ts";
import { partition } from "../../../shared/dynamo/item.ts";
import { sizeOfAttributes } from "../../../shared/dynamo/size.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { TRANSACTION_BYTES, TRANSACTION_ITEMS } from "../../../shared/dynamo/transaction.ts";
import { requireWritable } from "../../../shared/dynamo/writable.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { organizationItem, PLATFORM, slugItem } from "../../../shared/identity/items.ts";
import { SEGMENTS, sum } from "./model.ts";
import { type ErasureSegment, erasureItem, erasureSegmentItem, organizationErasure } from "./store.ts";

type Stored = Readonly<Record<string, unknown>> & { readonly pk: string; readonly sk: string };

/** After so many pages without anything of the organization, it is written down how far it has come. */
const QUIET_PAGES = 100;

/**
 * Looks through one part of the table and removes what is the organization's: under its own keys, due of it, and of the
 * platform's items those that name it. The removals, their count and the place where to go on are one transaction, so
 * that whoever goes on after a crash neither misses nor counts anything twice.
 * @param more whether there is time for another page
 * @returns whether all of the part has been looked through
 */
export async function eraseSegment(table: Table, id: string, segment: number, more: () => boolean): Promise<boolean> {
  const platform = table.of(PLATFORM);
  let state: ErasureSegment = (await platform.get(erasureSegmentItem, { organization_id: id, segment })) ?? {
    organization_id: id,
    segment,
    step: 0,
    cursor: null,
    done: false,
    items: {},
    kept: {},
    kept_until: null,
  };
  const move = async (set: Partial<ErasureSegment>, removals: readonly Write[]) => {
    const next: ErasureSegment = { ...state, ...set, step: state.step + 1 };
    const unmoved = state.step === 0 ? { exists: false } : { equals: { step: state.step } };
    await table.transact([...removals, platform.writes.put(erasureSegmentItem, next, unmoved, () => lostRace())]);
    state = next;
  };
  for (let quiet = 0; !state.done; ) {
    if (!more()) return false;
    const page = await pageOf(table, id, segment, state.cursor);
    const found = (page.Items ?? []) as Stored[];
    const own = found.filter((item) => !isApart(item));
    for (const chunk of chunksOf(own)) {
      const last = chunk.at(-1);
      if (last === undefined) continue;
      const erased = chunk.filter((item) => !mustStay(item));
      const stays = chunk.filter(mustStay);
      const ends = [
        state.kept_until,
        ...stays.flatMap(({ item_type, expires_at }) => (KEPT_UNTIL.has(item_type) ? [String(expires_at)] : [])),
      ];
      await move(
        {
          cursor: { pk: last.pk, sk: last.sk },
          items: sum(state.items, countOf(erased)),
          kept: sum(state.kept, countOf(stays)),
          kept_until:
            ends
              .filter((one) => one !== null)
              .sort()
              .at(-1) ?? null,
        },
        erased.map((item) => removalOf(table, id, item)),
      );
    }
    const last = page.LastEvaluatedKey as ErasureSegment["cursor"] | undefined;
    quiet = own.length > 0 ? 0 : quiet + 1;
    if (last === undefined) await move({ done: true }, []);
    else if (quiet % QUIET_PAGES === 0) await move({ cursor: last }, []);
    else state = { ...state, cursor: last };
  }
  return true;
}

const pageOf = (table: Table, id: string, Segment: number, cursor: object | null): Promise<ScanCommandOutput> =>
  table.send(() =>
    table.client.send(
      new ScanCommand({
        TableName: table.name,
        Segment,
        TotalSegments: SEGMENTS,
        FilterExpression:
          "begins_with(pk, :own) OR begins_with(pk, :due) OR (begins_with(pk, :platform) AND organization_id = :id)",
        ExpressionAttributeValues: {
          ":own": `${partition(id, "")}#`,
          ":due": partition(PLATFORM, `DUE#${id}#`),
          ":platform": `${partition(PLATFORM, "")}#`,
          ":id": id,
        },
        ...(cursor === null ? {} : { ExclusiveStartKey: cursor }),
      }),
    ),
  );

/** What goes last, in the transaction that ends the erasure, or tells of it. */
const LAST = new Set([organizationItem, slugItem, erasureItem, erasureSegmentItem].map(({ type }) => type));

const isApart = ({ item_type, kind }: Stored): boolean =>
  LAST.has(String(item_type)) || (item_type === "due" && kind === organizationErasure.kind);

/** What proves that an entry which stays is the one that was written: hashes, in which there is nobody and nothing to read. */
const PROOF: ReadonlySet<unknown> = new Set(["audit_head", "audit_leaf", "audit_number", "audit_tree"]);

/** What lies locked elsewhere until its time, whatever becomes of the table; what is about persons in it went with their keys. */
const LOCKED = "audit_copy";

/** What stays until an end of its own. */
const KEPT_UNTIL: ReadonlySet<unknown> = new Set(["audit_entry", LOCKED]);

/** Evidence about access has an end of its own, and the tree in which it has its place goes on without an organization. */
const mustStay = ({ item_type, action }: Stored): boolean =>
  PROOF.has(item_type) || item_type === LOCKED || (item_type === "audit_entry" && isSecurityAction(String(action)));

const countOf = (items: readonly Stored[]): Record<string, number> =>
  sum(...items.map(({ item_type }) => ({ [String(item_type)]: 1 })));

/** As many at a time as a transaction takes beside the write that counts them; it counts what it removes, too. */
function* chunksOf(items: readonly Stored[]): Generator<Stored[]> {
  let chunk: Stored[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOfAttributes(item);
    if (chunk.length === TRANSACTION_ITEMS - 1 || bytes + size > TRANSACTION_BYTES / 2) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(item);
    bytes += size;
  }
  yield chunk;
}

/**
 * The removal of an item as it was read, whatever its type: the right to it is the tenant's name in its key. Of the
 * platform's items the function removes the types that it declares, and fails loudly at any other one.
 */
function removalOf(table: Table, id: string, { pk, sk, item_type }: Stored): Write {
  const write: Write = {
    type: String(item_type),
    item: { Delete: { TableName: table.name, Key: { pk, sk } } },
    refuse: () => lostRace(),
  };
  if (!pk.startsWith(`${partition(id, "")}#`)) requireWritable(table.writable, [write]);
  return { ...write, type: erasureSegmentItem.type };
}
