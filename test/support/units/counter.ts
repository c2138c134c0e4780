import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { indexNames } from "../../../shared/dynamo/item.ts";
import { itemBytes, readUnits, type StoredItem, writeUnits } from "./size.ts";

/** What one operation asked of the table. */
export interface Units {
  readonly calls: number;
  readonly reads: number;
  readonly writes: number;
}

export type Key = Pick<StoredItem, "pk" | "sk">;

interface Written {
  readonly key: Key;
  /** Transactional writes cost twice. */
  readonly factor: 1 | 2;
  /** A condition check reads for the price of a write and changes no index. */
  readonly changes: boolean;
}

/** The parts of answers that units follow from: the document client has made plain values of their items. */
interface Answer {
  readonly Item?: Readonly<Record<string, unknown>>;
  readonly Items?: readonly Readonly<Record<string, unknown>>[];
  readonly Responses?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

/** The parts of requests, as they are on the wire. */
interface Wire {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly ConsistentRead?: boolean;
  readonly Key?: StoredItem;
  readonly Item?: StoredItem;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly StoredItem[]; ConsistentRead?: boolean }>>;
  readonly TransactItems?: readonly Readonly<
    Record<"Put" | "Update" | "Delete" | "ConditionCheck", Wire | undefined>
  >[];
}

/**
 * Counts the request units that a client's calls cost by AWS's rules, from the items themselves: an emulator's own numbers are
 * not AWS's. Writes cost by the larger of the item before and after, so another client looks at it both times.
 * @param apart single writes of these keys are summed up by themselves
 */
export function countUnits(client: DynamoDBClient, looking: DynamoDBClient, apart?: (key: Key) => boolean) {
  let units: Units = { calls: 0, reads: 0, writes: 0 };
  let writtenApart = 0;
  let made: StoredItem[] = [];
  const add = (reads: number, writes: number) => {
    units = { calls: units.calls + 1, reads: units.reads + reads, writes: units.writes + writes };
  };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const input = args.input as Wire;
      const written = writesOf(context.commandName ?? "", input);
      const before = await Promise.all(written.map(({ key }) => look(looking, input, key)));
      const result = await next(args);
      const output = result.output as Answer;
      if (written.length === 0) add(readsOf(context.commandName ?? "", input, output), 0);
      else {
        const after = await Promise.all(written.map(({ key }) => look(looking, input, key)));
        for (const [i, item] of after.entries()) if (before[i] === undefined && item !== undefined) made.push(item);
        const cost = written.reduce((total, write, i) => total + costOf(write, before[i], after[i]), 0);
        if (apart !== undefined && written.every(({ key }) => apart(key))) writtenApart += cost;
        else add(0, cost);
      }
      return result;
    },
    { step: "deserialize", priority: "high", name: "countUnits" },
  );
  return {
    /** What `work` costs. */
    async of(work: () => Promise<unknown>): Promise<Units> {
      units = { calls: 0, reads: 0, writes: 0 };
      await work();
      return units;
    },
    /** The write units of what is told apart in `work`. */
    async apart(work: () => Promise<unknown>): Promise<number> {
      writtenApart = 0;
      await work();
      return writtenApart;
    },
    /** The items that `work` makes. */
    async written(work: () => Promise<unknown>): Promise<readonly StoredItem[]> {
      made = [];
      await work();
      return made;
    },
  };
}

const bytesOf = (item: Readonly<Record<string, unknown>> | undefined): number =>
  item === undefined ? 0 : itemBytes(marshall(item, { removeUndefinedValues: true }));

const keyOf = ({ pk, sk }: StoredItem): Key => ({ pk: pk ?? { S: "" }, sk: sk ?? { S: "" } });

function writesOf(command: string, input: Wire): Written[] {
  if (command === "TransactWriteItemsCommand") {
    return (input.TransactItems ?? []).map(({ Put, Update, Delete, ConditionCheck }) => {
      const one = Put ?? Update ?? Delete ?? ConditionCheck;
      return { key: keyOf(one?.Item ?? one?.Key ?? {}), factor: 2, changes: ConditionCheck === undefined };
    });
  }
  if (/^(Put|Update|Delete)ItemCommand$/.test(command))
    return [{ key: keyOf(input.Item ?? input.Key ?? {}), factor: 1, changes: true }];
  return [];
}

function readsOf(command: string, input: Wire, output: Answer): number {
  const consistent = input.ConsistentRead === true;
  if (command === "GetItemCommand") return readUnits(bytesOf(output.Item), consistent);
  if (command === "QueryCommand")
    return readUnits(
      (output.Items ?? []).reduce((total, item) => total + bytesOf(item), 0),
      consistent,
    );
  if (command === "BatchGetItemCommand") {
    return Object.entries(input.RequestItems ?? {}).reduce((total, [table, asked]) => {
      const found = output.Responses?.[table] ?? [];
      const missing = (asked.Keys?.length ?? 0) - found.length;
      const each = [...found.map(bytesOf), ...Array.from({ length: missing }, () => 0)];
      return total + each.reduce((units, bytes) => units + readUnits(bytes, asked.ConsistentRead === true), 0);
    }, 0);
  }
  throw new Error(`no rule for the units of ${command}`);
}

/** Units of one write: the table's own, and those of each index whose entry it makes, moves, changes or removes. */
function costOf({ factor, changes }: Written, before: StoredItem | undefined, after: StoredItem | undefined): number {
  const own = factor * writeUnits(Math.max(itemBytes(before), itemBytes(after)));
  if (!changes) return own;
  return indexNames.reduce((total, index) => total + indexCost(index, before, after), own);
}

/** All indexes hold the whole item. */
function indexCost(index: string, before: StoredItem | undefined, after: StoredItem | undefined): number {
  const place = (item: StoredItem | undefined) =>
    item?.[`${index}pk`] === undefined ? undefined : `${item[`${index}pk`]?.S}\n${item[`${index}sk`]?.S}`;
  const from = place(before);
  const to = place(after);
  if (from === undefined && to === undefined) return 0;
  if (from === undefined) return writeUnits(itemBytes(after));
  if (to === undefined) return writeUnits(itemBytes(before));
  if (from !== to) return writeUnits(itemBytes(before)) + writeUnits(itemBytes(after));
  if (JSON.stringify(before) === JSON.stringify(after)) return 0;
  return writeUnits(Math.max(itemBytes(before), itemBytes(after)));
}

async function look(client: DynamoDBClient, input: Wire, key: Key): Promise<StoredItem | undefined> {
  const TableName = input.TableName ?? tableOf(input);
  return (await client.send(new GetItemCommand({ TableName, Key: { ...key }, ConsistentRead: true }))).Item;
}

function tableOf({ TransactItems }: Wire): string {
  const [first] = TransactItems ?? [];
  const one = first?.Put ?? first?.Update ?? first?.Delete ?? first?.ConditionCheck;
  if (one?.TableName === undefined) throw new Error("a write without a table");
  return one.TableName;
}
