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
import { Problem } from "../errors.ts";
import { Expression } from "./condition.ts";
import { decodeCursor, encodeCursor, invalidCursor, queryFingerprint } from "./cursor.ts";
import {
  fromStored,
  type IndexName,
  type ItemDefinition,
  type ItemOf,
  type KeyFields,
  partition,
  prefixOf,
  primaryKey,
} from "./item.ts";
import { type Write, Writes } from "./write.ts";

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
}

/** Faults after which nothing was written and the caller may try again. */
const TRANSIENT = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "InternalServerError",
  "InternalServerErrorException",
  "ServiceUnavailable",
  "TransactionInProgressException",
  "TimeoutError",
  "ECONNREFUSED",
  "ECONNRESET",
  "NetworkingError",
]);

export const unavailable = (cause: unknown): Problem =>
  new Problem(
    "service_unavailable",
    "The database does not answer right now. Nothing is half-written; repeat a POST with the same Idempotency-Key.",
    {
      headers: { "retry-after": "2" },
      cause,
    },
  );

const isTransient = (error: unknown): boolean =>
  error instanceof Error && (TRANSIENT.has(error.name) || TRANSIENT.has((error as { code?: string }).code ?? ""));

/** A primary key as one text. */
const nameOf = ({ pk, sk }: Readonly<Record<string, unknown>>): string => `${pk}\n${sk}`;

/** How often a transaction that collided with another one is tried in all. */
const CONFLICT_TRIES = 8;

/** The product's one table. `of(tenant)` gives the only way to read or write it. */
export class Table {
  readonly name: string;
  readonly client: DynamoDBDocumentClient;

  constructor(name: string, client: DynamoDBDocumentClient) {
    this.name = name;
    this.client = client;
  }

  static connect(name: string, client = new DynamoDBClient({ maxAttempts: 4 })): Table {
    return new Table(name, DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }));
  }

  of(tenant: string): TenantTable {
    return new TenantTable(this, tenant);
  }

  /**
   * All writes or none. The first write whose condition failed chooses the error. Collisions with another
   * transaction are tried again with jitter; they are not refusals.
   */
  async transact(writes: readonly Write[]): Promise<void> {
    const token = randomUUID();
    for (let attempt = 1; ; attempt++) {
      try {
        await this.client.send(
          new TransactWriteCommand({ TransactItems: writes.map((write) => write.item), ClientRequestToken: token }),
        );
        return;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) {
          throw isTransient(error) ? unavailable(error) : error;
        }
        const reasons = error.CancellationReasons ?? [];
        const failed = reasons.findIndex((reason) => reason.Code === "ConditionalCheckFailed");
        if (failed >= 0) {
          const old = reasons[failed]?.Item;
          throw (
            writes[failed]?.refuse(old === undefined || Object.keys(old).length === 0 ? undefined : unmarshall(old)) ??
            error
          );
        }
        const collided = reasons.some(
          (reason) =>
            reason.Code === "TransactionConflict" ||
            reason.Code === "ThrottlingError" ||
            reason.Code === "ProvisionedThroughputExceeded",
        );
        if (!collided) throw error;
        if (attempt === CONFLICT_TRIES) throw unavailable(error);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt));
      }
    }
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
    for (let attempt = 0; pending.length > 0; attempt++) {
      const answer = await this.send(() =>
        this.client.send(
          new BatchGetCommand({ RequestItems: { [this.name]: { Keys: pending.slice(0, 100), ConsistentRead: true } } }),
        ),
      );
      for (const item of answer.Responses?.[this.name] ?? []) found.set(nameOf(item), item);
      const unprocessed = (answer.UnprocessedKeys?.[this.name]?.Keys ?? []) as typeof pending;
      if (unprocessed.length > 0 && attempt > 6) throw unavailable(new Error("unprocessed keys"));
      pending = [...unprocessed, ...pending.slice(100)];
    }
    return reads.map((read, i) => {
      const stored = found.get(names[i] ?? "");
      return stored === undefined ? undefined : fromStored(read.definition, stored);
    }) as { [I in keyof R]: ItemOf<R[I]["definition"]> | undefined };
  }

  /** Runs a call; a fault of the cloud becomes 503 with nothing changed. */
  async send<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw isTransient(error) ? unavailable(error) : error;
    }
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
    this.writes = new Writes(table.name, tenant);
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
    return answer.Item === undefined ? undefined : fromStored(definition, answer.Item);
  }

  read<D extends ItemDefinition>(definition: D, key: KeyFields<D>): Read<D> {
    return { definition, tenant: this.tenant, key };
  }

  /**
   * One page of a list, in key order. Reads at most `limit` items: there is no filter after the limit.
   * @throws Problem `invalid_cursor` when the cursor belongs to another list
   */
  async page<D extends ItemDefinition>(definition: D, request: PageRequest): Promise<Page<ItemOf<D>>> {
    const template = request.index === undefined ? definition.key : definition.indexes[request.index];
    if (template === undefined) throw new Error(`${definition.type} has no index ${request.index}`);
    const pk = partition(this.tenant, prefixOf(template.pk, request.of));
    const prefix = prefixOf(template.sk, request.of);
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
      request.newest_first,
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
      items: (answer.Items ?? []).map((item) => fromStored(definition, item)),
      next_cursor: last === undefined ? null : encodeCursor(fingerprint, this.#relative(last)),
    };
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
   * One conditional update or creation outside a transaction (counters, claims). Returns the item as it is after the write.
   * @throws the write's refusal, chosen from the item that was there
   */
  async apply<D extends ItemDefinition>(definition: D, write: Write): Promise<ItemOf<D>> {
    const { Update: update, Put: put } = write.item;
    const { client } = this.table;
    try {
      if (put !== undefined) {
        await this.table.send(() => client.send(new PutCommand(put)));
        return fromStored(definition, put.Item ?? {});
      }
      if (update?.UpdateExpression === undefined) throw new Error("apply takes an update or a creation");
      const answer = await this.table.send(() =>
        client.send(new UpdateCommand({ ...update, ReturnValues: "ALL_NEW" })),
      );
      return fromStored(definition, answer.Attributes ?? {});
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        throw write.refuse(error.Item === undefined ? undefined : unmarshall(error.Item));
      }
      throw error;
    }
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
