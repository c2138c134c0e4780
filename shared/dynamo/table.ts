import { randomUUID } from "node:crypto";
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { clientOptions } from "../aws/clients.ts";
import { type Clock, systemClock } from "../clock.ts";
import { readSettings } from "../config/settings.ts";
import { Problem } from "../errors.ts";
import { Expression } from "./condition.ts";
import { decodeCursor, encodeCursor, invalidCursor, queryFingerprint } from "./cursor.ts";
import {
  encode,
  fromStored,
  type IndexName,
  type ItemDefinition,
  type ItemOf,
  isOver,
  type KeyFields,
  partition,
  prefixOf,
  primaryKey,
} from "./item.ts";
import { AnswerLost, pause, repeated, unavailable } from "./retry.ts";
import { prepared } from "./transaction.ts";
import { requireWritable, type Writable, writableOf } from "./writable.ts";
import { unread, type Write, Writes } from "./write.ts";

export interface Page<T> {
  readonly items: T[];
  readonly next_cursor: string | null;
}

export interface PageRequest {
  /** Fields that narrow the list: those of the partition must be there, those of the sort key narrow from the left. */
  readonly of: Readonly<Record<string, string | number>>;
  readonly index?: IndexName;
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly newest_first?: boolean;
  /** Bounds on the rest of the sort key, both inclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** With what the next field of the sort key begins. */
  readonly begins?: string | undefined;
  /** What else tells this list from others of the same items: a cursor of another is refused. */
  readonly also?: readonly (string | undefined)[];
  /** Told of an item that cannot be read, which the page leaves out then. Without it, that fails the page. */
  readonly unreadable?: ((error: unknown) => void) | undefined;
}

/** What was found of reads that have names. */
type Found<R extends Readonly<Record<string, Read | undefined>>> = {
  [N in keyof R]: R[N] extends Read<infer D> | undefined ? ItemOf<D> | undefined : undefined;
};

/** What one batch read takes. */
const BATCH_KEYS = 100;

/** A primary key as one text. */
const nameOf = ({ pk, sk }: Readonly<Record<string, unknown>>): string => `${pk}\n${sk}`;

/** Rounds in a row in which a batch read leaves keys over before it is given up, and the first pause in between. */
const UNPROCESSED_ROUNDS = 8;
const UNPROCESSED_PAUSE_MS = 50;

const READING = { lost: "repeat", writes: false } as const;

/** The product's one table. `of(tenant)` gives the only way to read or write it. */
export class Table {
  readonly name: string;
  readonly client: DynamoDBDocumentClient;
  /** By which items expire: DynamoDB's, which is the real one. */
  readonly clock: Clock;
  readonly writable: Writable;

  constructor(name: string, client: DynamoDBDocumentClient, clock: Clock = systemClock, writable?: Writable) {
    this.name = name;
    this.client = client;
    this.clock = clock;
    this.writable = writable;
  }

  /** The table as a function has it: it writes what its settings name (`TABLE_WRITES`). */
  static connect(name: string, client = new DynamoDBClient(clientOptions("table")), clock?: Clock): Table {
    const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
    return new Table(name, documents, clock, writableOf(readSettings(["TABLE_WRITES"]).TABLE_WRITES));
  }

  /** What the table returned, parsed; undefined for what is not there, or whose time is over. */
  found<D extends ItemDefinition>(definition: D, stored: Record<string, unknown> | undefined): ItemOf<D> | undefined {
    if (stored === undefined || isOver(definition, stored, this.clock.now())) return undefined;
    return fromStored(definition, stored);
  }

  of(tenant: string): TenantTable {
    return new TenantTable(this, tenant);
  }

  /**
   * All writes or none. The first write whose condition failed chooses the error. Collisions with another transaction
   * and lost answers are tried again under the same token, by which AWS takes the transaction once.
   * @throws ImpossibleTransaction before anything is sent, where DynamoDB would never take these writes together
   */
  async transact(writes: readonly Write[]): Promise<void> {
    requireWritable(this.writable, writes);
    const ready = prepared(writes);
    const input = { TransactItems: ready.map((write) => write.item), ClientRequestToken: randomUUID() };
    await repeated(
      () => this.client.send(new TransactWriteCommand(input)),
      { lost: "repeat", writes: true },
      (error) => {
        const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
        const failed = reasons.findIndex((reason) => reason.Code === "ConditionalCheckFailed");
        const old = reasons[failed]?.Item;
        const there = old === undefined || Object.keys(old).length === 0 ? undefined : unmarshall(old);
        return ready[failed]?.refuse(there) ?? error;
      },
    );
  }

  /** Strongly consistent reads of several items, of any tenants, in one round trip; missing ones are undefined. */
  async batch<const R extends readonly Read[]>(
    reads: R,
  ): Promise<{ [I in keyof R]: ItemOf<R[I]["definition"]> | undefined }> {
    const keys = reads.map((read) => primaryKey(read.definition, read.tenant, read.key));
    const names = keys.map(nameOf);
    // DynamoDB refuses a batch that names a key twice.
    const named = new Set<string>();
    let pending = keys.filter((_, i) => named.size < named.add(names[i] ?? "").size);
    const found = new Map<string, Record<string, unknown>>();
    for (let round = 0; pending.length > 0; ) {
      const Keys = pending.slice(0, BATCH_KEYS);
      const answer = await this.send(() =>
        this.client.send(new BatchGetCommand({ RequestItems: { [this.name]: { Keys, ConsistentRead: true } } })),
      );
      for (const item of answer.Responses?.[this.name] ?? []) found.set(nameOf(item), item);
      const unprocessed = (answer.UnprocessedKeys?.[this.name]?.Keys ?? []) as typeof pending;
      pending = [...unprocessed, ...pending.slice(BATCH_KEYS)];
      round = unprocessed.length === 0 ? 0 : round + 1;
      if (round === UNPROCESSED_ROUNDS) throw unavailable(new Error("unprocessed keys"));
      if (round > 0) await pause(round, UNPROCESSED_PAUSE_MS);
    }
    return reads.map((read, i) => this.found(read.definition, found.get(names[i] ?? ""))) as {
      [I in keyof R]: ItemOf<R[I]["definition"]> | undefined;
    };
  }

  /** The same by names, where it depends what is to be read: what is undefined is neither read nor found. */
  async batchOf<const R extends Readonly<Record<string, Read | undefined>>>(reads: R): Promise<Found<R>> {
    const names: string[] = [];
    const wanted: Read[] = [];
    for (const name of Object.keys(reads)) {
      const read = reads[name];
      if (read === undefined) continue;
      names.push(name);
      wanted.push(read);
    }
    const items = await this.batch(wanted);
    const found: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) found[names[i] ?? ""] = items[i];
    return found as Found<R>;
  }

  /** Makes a call that reads; a fault of the cloud that stays becomes 503. */
  send<T>(call: () => Promise<T>): Promise<T> {
    return repeated(call, READING);
  }
}

export interface Read<D extends ItemDefinition = ItemDefinition> {
  readonly definition: D;
  readonly tenant: string;
  readonly key: Readonly<Record<string, string | number>>;
}

/** Reads and single writes within one tenant. */
export class TenantTable {
  readonly table: Table;
  readonly tenant: string;
  readonly writes: Writes;

  constructor(table: Table, tenant: string) {
    this.table = table;
    this.tenant = tenant;
    this.writes = new Writes(table.name, tenant, table.clock);
  }

  /** One item, strongly consistent; undefined when there is none. */
  async get<D extends ItemDefinition>(definition: D, key: KeyFields<D>): Promise<ItemOf<D> | undefined> {
    const answer = await this.table.send(() =>
      this.table.client.send(
        new GetCommand({
          TableName: this.table.name,
          Key: primaryKey(definition, this.tenant, key),
          ConsistentRead: true,
        }),
      ),
    );
    return this.table.found(definition, answer.Item);
  }

  read<D extends ItemDefinition>(definition: D, key: KeyFields<D>): Read<D> {
    return { definition, tenant: this.tenant, key };
  }

  /**
   * One page of a list, in key order. Reads at most `limit` items: there is no filter after the limit, but for those
   * whose time is over.
   * @throws Problem `invalid_cursor` when the cursor belongs to another list
   */
  async page<D extends ItemDefinition>(definition: D, request: PageRequest): Promise<Page<ItemOf<D>>> {
    const template = request.index === undefined ? definition.key : definition.indexes[request.index];
    if (template === undefined) throw new Error(`${definition.type} has no index ${request.index}`);
    const pk = partition(this.tenant, prefixOf(template.pk, request.of));
    const prefix = prefixOf(template.sk, request.of) + (request.begins === undefined ? "" : encode(request.begins));
    const expression = new Expression();
    const pkName = expression.name(request.index === undefined ? "pk" : `${request.index}pk`);
    const skName = () => expression.name(request.index === undefined ? "sk" : `${request.index}sk`);
    let condition = `${pkName} = ${expression.value(pk)}`;
    if (request.from !== undefined || request.to !== undefined) {
      const lower = prefix + (request.from ?? "");
      const upper = expression.value(`${prefix}${request.to ?? ""}\uffff`);
      // DynamoDB refuses an empty text as a bound of a key.
      condition +=
        lower === ""
          ? ` AND ${skName()} <= ${upper}`
          : ` AND ${skName()} BETWEEN ${expression.value(lower)} AND ${upper}`;
    } else if (prefix !== "") condition += ` AND begins_with(${skName()}, ${expression.value(prefix)})`;
    const fingerprint = queryFingerprint([
      this.tenant,
      definition.type,
      request.index,
      request.of,
      request.from,
      request.to,
      request.begins,
      request.newest_first,
      ...(request.also ?? []),
    ]);
    const start = request.cursor === undefined ? undefined : decodeCursor(fingerprint, request.cursor);
    const answer = await this.#query(start !== undefined, () =>
      this.table.client.send(
        new QueryCommand({
          TableName: this.table.name,
          ...(request.index === undefined ? { ConsistentRead: true } : { IndexName: request.index }),
          KeyConditionExpression: condition,
          ...expression.toRequest(),
          ScanIndexForward: request.newest_first !== true,
          Limit: request.limit,
          ...(start === undefined ? {} : { ExclusiveStartKey: this.#startKey(request, pk, start) }),
        }),
      ),
    );
    const last = answer.LastEvaluatedKey as Record<string, string> | undefined;
    return {
      items: (answer.Items ?? [])
        .map((item) => this.#readable(definition, item, request.unreadable))
        .filter((item) => item !== undefined),
      next_cursor: last === undefined ? null : encodeCursor(fingerprint, this.#relative(last)),
    };
  }

  #readable<D extends ItemDefinition>(
    definition: D,
    stored: Record<string, unknown>,
    unreadable: PageRequest["unreadable"],
  ): ItemOf<D> | undefined {
    try {
      return this.table.found(definition, stored);
    } catch (error) {
      if (unreadable === undefined) throw error;
      unreadable(error);
      return undefined;
    }
  }

  /** All items of a list that is bounded by the domain (the steps of a run, the tools of an agent), page by page. */
  async *all<D extends ItemDefinition>(
    definition: D,
    request: Omit<PageRequest, "limit" | "cursor">,
  ): AsyncGenerator<ItemOf<D>> {
    let cursor: string | null | undefined;
    do {
      const page: Page<ItemOf<D>> = await this.page(definition, {
        ...request,
        limit: 1000,
        cursor: cursor ?? undefined,
      });
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  /**
   * One conditional update or creation outside a transaction (counters, claims). Returns the item as it is after the
   * write. A collision with a transaction is tried again; after a lost answer the write says whether it may be.
   * @throws the write's refusal, chosen from the item that was there; AnswerLost where it may have been made or not
   */
  async apply<D extends ItemDefinition>(definition: D, write: Write): Promise<ItemOf<D>> {
    const { Update: update, Put: put } = write.item;
    if (update === undefined && put !== undefined) {
      await this.#alone(write, () => this.table.client.send(new PutCommand(put)));
      return fromStored(definition, put.Item ?? {});
    }
    if (update?.UpdateExpression === undefined) throw new Error("apply takes an update or a creation");
    const command = { ...update, UpdateExpression: update.UpdateExpression, ReturnValues: "ALL_NEW" } as const;
    const answer = await this.#alone(write, () => this.table.client.send(new UpdateCommand(command)));
    return fromStored(definition, answer.Attributes ?? {});
  }

  /**
   * An update of single attributes by whoever may set nothing else of the item, and may be shown nothing of it: AWS counts what
   * is returned among the attributes of a request (`dynamodb:Attributes`). Nothing happens where its condition does not hold:
   * another request has been first, or the item is gone.
   */
  async touch(write: Write): Promise<void> {
    const { Update: update } = unread(write).item;
    if (update?.UpdateExpression === undefined) throw new Error("touch takes an update");
    const command = { ...update, UpdateExpression: update.UpdateExpression, ReturnValues: "NONE" } as const;
    try {
      await this.#alone({ ...write, lost: "decide" }, () => this.table.client.send(new UpdateCommand(command)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }

  /** Sends one write outside a transaction. */
  #alone<A>(write: Write, send: () => Promise<A>): Promise<A> {
    requireWritable(this.table.writable, [write]);
    const refused = (error: unknown, answerLost: boolean): unknown => {
      if (!(error instanceof ConditionalCheckFailedException)) return error;
      if (answerLost && write.lost !== "decide") return new AnswerLost(error);
      return write.refuse(error.Item === undefined ? undefined : unmarshall(error.Item));
    };
    const how = { lost: write.lost === undefined || write.lost === "tell" ? "tell" : "repeat", writes: true } as const;
    return repeated(send, how, refused);
  }

  transact(writes: readonly Write[]): Promise<void> {
    return this.table.transact(writes);
  }

  /** A forged cursor that decodes but is no key of this list is the caller's mistake, not ours. */
  async #query<T>(hasCursor: boolean, call: () => Promise<T>): Promise<T> {
    try {
      return await this.table.send(call);
    } catch (error) {
      throw hasCursor && error instanceof Error && error.name === "ValidationException" ? invalidCursor() : error;
    }
  }

  /** Cursors carry keys without the tenant; the tenant is put back from the query. */
  #relative(key: Record<string, string>): Record<string, string> {
    const own = partition(this.tenant, "");
    return Object.fromEntries(
      Object.entries(key).map(([name, value]) => [name, name.endsWith("pk") ? value.slice(own.length) : value]),
    );
  }

  #startKey(request: PageRequest, pk: string, relative: Record<string, string>): Record<string, string> {
    const names = request.index === undefined ? ["pk", "sk"] : [`${request.index}pk`, `${request.index}sk`, "pk", "sk"];
    if (Object.keys(relative).sort().join() !== names.join()) throw invalidCursor();
    const own = partition(this.tenant, "");
    const absolute = Object.fromEntries(
      Object.entries(relative).map(([name, value]) => [name, name.endsWith("pk") ? own + value : value]),
    );
    return { ...absolute, [request.index === undefined ? "pk" : `${request.index}pk`]: pk };
  }
}
