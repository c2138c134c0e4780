import type { TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { type Clock, systemClock, timestamp } from "../clock.ts";
import { notFound, type Problem, Problem as ProblemError } from "../errors.ts";
import { attributesOf, type Condition, Expression } from "./condition.ts";
import {
  fromStored,
  type IndexName,
  type ItemDefinition,
  type ItemOf,
  indexAttributes,
  type KeyFields,
  type KeyTemplate,
  placeholders,
  primaryKey,
  storedFields,
  toStored,
} from "./item.ts";

export type TransactItem = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/** One write of a transaction and the refusal to answer with when its condition does not hold. */
export interface Write {
  readonly item: TransactItem;
  /** The type of the item, for whoever has to name it. */
  readonly type: string;
  /** Chooses the error from the item that was there (undefined: there was none). */
  readonly refuse: (old: Record<string, unknown> | undefined) => Problem;
  /**
   * What to do when the answer to this write was lost and it is not part of a transaction (which AWS itself takes once).
   * `tell`, the default: it is not made again. `repeat`: making it twice leaves what making it once leaves; when it is
   * refused then, the loss is told. `decide`: the same, but whoever built the write knows its own doing in a refusal,
   * or does not mind counting twice.
   */
  readonly lost?: "tell" | "repeat" | "decide";
  /** An update that only adds and sets: two of them to one item of a transaction become one. */
  readonly counter?: Counter;
}

/** The parts of an update that can be put together with another one's. */
export interface Counter {
  readonly set: Readonly<Record<string, unknown>>;
  readonly add: Readonly<Record<string, number | ReadonlySet<string | number>>>;
  readonly when: Condition;
  /** The same update with other parts. */
  readonly build: (parts: Pick<Counter, "set" | "add">) => Write;
}

/** What an update changes. `remove` deletes attributes; `add` adds to numbers or sets. */
export interface Change<T> {
  readonly set?: Partial<T>;
  readonly add?: Readonly<Record<string, number | ReadonlySet<string | number>>>;
  /** Takes elements out of sets. */
  readonly take?: Readonly<Record<string, ReadonlySet<string | number>>>;
  readonly remove?: readonly (keyof T & string)[];
}

/** An update that sets what its condition does not look at, or adds to sets, can be made twice. Numbers add up. */
function isRepeatable<T>(
  { add = {}, take = {} }: Change<T>,
  set: readonly string[],
  { exists, ...when }: Condition,
): boolean {
  const changed = new Set([...set, ...Object.keys(add), ...Object.keys(take)]);
  return (
    exists !== false &&
    Object.values(add).every((value) => typeof value !== "number") &&
    attributesOf(when).every((name) => name !== "pk" && !changed.has(name))
  );
}

/** Whether the condition holds only where there is an item. `<>` and `NOT contains` hold where there is none. */
const findsOnly = ({ exists, equals, one_of, below, at_least, present = [], all = [] }: Condition): boolean =>
  exists === true ||
  present.length > 0 ||
  [equals, one_of, below, at_least].some((fields) => Object.keys(fields ?? {}).length > 0) ||
  all.some(findsOnly);

type Refuse<D> = (old: ItemOf<D> | undefined) => Problem;

/** Somebody else changed the item between the read and the write. */
export const lostRace = (): Problem =>
  new ProblemError("precondition_failed", "The resource has changed since you read it.");

/** The same update, of which nothing is shown: for who may set single attributes, and see none of the others. */
export function unread(write: Write): Write {
  const { ReturnValuesOnConditionCheckFailure: _, ...Update } = write.item.Update ?? {};
  return { ...write, item: { Update } as TransactItem };
}

/** The same writes, of which every refusal is a lost race: what was read is read again, and shows what has become of it. */
export const rereading = (writes: readonly Write[]): Write[] =>
  writes.map((write) => ({ ...write, refuse: () => lostRace() }));

/** What is written once has no write that changes or removes it, but for fields that may be erased. */
function refuseChange({ type, append_only, erasable = [] }: ItemDefinition, fields?: readonly string[]): void {
  const erases = fields?.every((field) => erasable.includes(field)) === true;
  if (append_only === true && !erases) throw new Error(`${type} is written once: nothing changes or removes one`);
}

/**
 * Builds writes for one tenant. The tenant is given once and stands first in every key, so a write for another
 * tenant cannot be expressed.
 */
export class Writes {
  readonly tableName: string;
  readonly tenant: string;
  readonly #clock: Clock;

  constructor(tableName: string, tenant: string, clock: Clock = systemClock) {
    this.tableName = tableName;
    this.tenant = tenant;
    this.#clock = clock;
  }

  /** A new item. Refused when the key is taken, by an item whose time is not over; say how with `refuse`. */
  create<D extends ItemDefinition>(definition: D, value: ItemOf<D>, refuse?: Refuse<D>): Write {
    return this.#put(
      definition,
      value,
      this.#free(definition),
      refuse ?? (() => new ProblemError("already_exists", `This ${definition.type} already exists.`)),
    );
  }

  #free({ expires }: ItemDefinition): Condition {
    if (expires === undefined) return { exists: false };
    return { any: [{ exists: false }, { below: { [expires]: timestamp(this.#clock.now()) } }] };
  }

  /** Writes the item whatever was there, or under a condition. */
  put<D extends ItemDefinition>(
    definition: D,
    value: ItemOf<D>,
    when: Condition = {},
    refuse: Refuse<D> = () => new ProblemError("conflict", "The write was refused."),
  ): Write {
    refuseChange(definition);
    return this.#put(definition, value, when, refuse);
  }

  /** Replaces an item that still has the `etag` it was read with; missing is 404, another etag is 412. */
  replace<D extends ItemDefinition>(
    definition: D,
    value: ItemOf<D>,
    readEtag: string,
    also: Condition = {},
    refuse?: Refuse<D>,
  ): Write {
    refuseChange(definition);
    return this.#put(definition, value, { ...also, equals: { ...also.equals, etag: readEtag } }, (old) => {
      if (old === undefined) return notFound();
      return refuse?.(old) ?? lostRace();
    });
  }

  /** Changes some attributes under a condition. Without one, the item must exist. */
  update<D extends ItemDefinition>(
    definition: D,
    key: KeyFields<D>,
    change: Change<ItemOf<D>>,
    when: Condition = { exists: true },
    refuse: Refuse<D> = () => notFound(),
  ): Write {
    const { add = {}, take = {}, remove = [] } = change;
    refuseChange(definition, [...Object.keys(change.set ?? {}), ...Object.keys(add), ...Object.keys(take), ...remove]);
    const expression = new Expression();
    const set: Record<string, unknown> = {
      ...storedFields(definition, change.set ?? {}),
      ...this.#changedIndexes(definition, key, change.set ?? {}),
    };
    if (definition.expires !== undefined && typeof set[definition.expires] === "string") {
      set.ttl = Math.floor(Date.parse(set[definition.expires] as string) / 1000);
    }
    // An update that finds nothing makes the item: then it has its type like any other.
    if (!findsOnly(when)) set.item_type = definition.type;
    const clauses: string[] = [];
    const sets = Object.entries(set).filter(([, value]) => value !== undefined);
    if (sets.length > 0)
      clauses.push(
        `SET ${sets.map(([name, value]) => `${expression.name(name)} = ${expression.value(value)}`).join(", ")}`,
      );
    for (const [verb, elements = {}] of [
      ["ADD", change.add],
      ["DELETE", change.take],
    ] as const) {
      const each = Object.entries(elements).map(
        ([name, value]) => `${expression.name(name)} ${expression.value(value)}`,
      );
      if (each.length > 0) clauses.push(`${verb} ${each.join(", ")}`);
    }
    const ends = definition.expires !== undefined && remove.includes(definition.expires as never) ? ["ttl"] : [];
    const removes = [...remove, ...ends, ...this.#leftIndexes(definition, remove)];
    if (removes.length > 0) clauses.push(`REMOVE ${removes.map((name) => expression.name(name)).join(", ")}`);
    const condition = expression.condition(when);
    return {
      type: definition.type,
      lost: isRepeatable(change, [...Object.keys(set), ...removes], when) ? "repeat" : "tell",
      ...(removes.length > 0 || change.take !== undefined
        ? {}
        : {
            counter: {
              set: { ...change.set },
              add: change.add ?? {},
              when,
              build: (parts) =>
                this.update(definition, key, { ...parts, set: parts.set as Partial<ItemOf<D>> }, when, refuse),
            },
          }),
      item: {
        Update: {
          TableName: this.tableName,
          Key: primaryKey(definition, this.tenant, key),
          UpdateExpression: clauses.join(" "),
          ...(condition === "" ? {} : { ConditionExpression: condition }),
          ...expression.toRequest(),
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        },
      },
      refuse: this.#refusal(definition, refuse),
    };
  }

  /** A state transition: only from the named states. Missing is 404; another state is the refusal you give. */
  transition<D extends ItemDefinition>(
    definition: D,
    key: KeyFields<D>,
    move: {
      readonly from: readonly string[];
      readonly set: Partial<ItemOf<D>>;
      readonly remove?: readonly (keyof ItemOf<D> & string)[];
    },
    refuse: (old: ItemOf<D>) => Problem,
  ): Write {
    return this.update(
      definition,
      key,
      { set: move.set, ...(move.remove ? { remove: move.remove } : {}) },
      { one_of: { status: move.from } },
      (old) => (old === undefined ? notFound() : refuse(old)),
    );
  }

  remove<D extends ItemDefinition>(
    definition: D,
    key: KeyFields<D>,
    when: Condition = { exists: true },
    refuse: Refuse<D> = () => notFound(),
  ): Write {
    refuseChange(definition);
    const expression = new Expression();
    const condition = expression.condition(when);
    return {
      type: definition.type,
      item: {
        Delete: {
          TableName: this.tableName,
          Key: primaryKey(definition, this.tenant, key),
          ...(condition === "" ? {} : { ConditionExpression: condition }),
          ...expression.toRequest(),
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        },
      },
      refuse: this.#refusal(definition, refuse),
    };
  }

  /** A condition on an item that the transaction does not change, for example "the agent still exists". */
  check<D extends ItemDefinition>(definition: D, key: KeyFields<D>, when: Condition, refuse: Refuse<D>): Write {
    const expression = new Expression();
    return {
      type: definition.type,
      item: {
        ConditionCheck: {
          TableName: this.tableName,
          Key: primaryKey(definition, this.tenant, key),
          ConditionExpression: expression.condition(when),
          ...expression.toRequest(),
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        },
      },
      refuse: this.#refusal(definition, refuse),
    };
  }

  #put<D extends ItemDefinition>(definition: D, value: ItemOf<D>, when: Condition, refuse: Refuse<D>): Write {
    const expression = new Expression();
    const condition = expression.condition(when);
    const parsed = definition.schema.parse(value) as Record<string, unknown>;
    return {
      type: definition.type,
      lost: condition === "" ? "repeat" : "tell",
      item: {
        Put: {
          TableName: this.tableName,
          Item: toStored(definition, this.tenant, parsed),
          ...(condition === "" ? {} : { ConditionExpression: condition }),
          ...expression.toRequest(),
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        },
      },
      refuse: this.#refusal(definition, refuse),
    };
  }

  #refusal<D extends ItemDefinition>(definition: D, refuse: Refuse<D>) {
    return (old: Record<string, unknown> | undefined): Problem =>
      refuse(old === undefined ? undefined : fromStored(definition, old));
  }

  /** A removed field that stands in an index key takes the item out of that index. */
  #leftIndexes(definition: ItemDefinition, removed: readonly string[]): string[] {
    if (removed.length === 0) return [];
    return Object.entries(definition.indexes).flatMap(([index, template]) =>
      [...placeholders(template.pk), ...placeholders(template.sk)].some((name) => removed.includes(name))
        ? [`${index}pk`, `${index}sk`]
        : [],
    );
  }

  /** A changed field that stands in an index key changes that key too, and all of the key's fields must be given. */
  #changedIndexes(definition: ItemDefinition, key: object, set: object): Record<string, string> {
    const known = { ...key, ...set };
    const touched: Partial<Record<IndexName, KeyTemplate>> = {};
    for (const [index, template] of Object.entries(definition.indexes)) {
      const needed = [...placeholders(template.pk), ...placeholders(template.sk)];
      if (!needed.some((name) => name in set)) continue;
      const missing = needed.filter((name) => !(name in known));
      if (missing.length > 0) throw new Error(`${definition.type}: changing ${index} also needs ${missing.join(", ")}`);
      touched[index as IndexName] = template;
    }
    return indexAttributes({ ...definition, indexes: touched }, this.tenant, known);
  }
}
