import * as z from "zod";
import { trusted } from "../bounded/trusted.ts";
import { timestamp } from "../clock.ts";

/** Field names that a key template refers to: `AGENT#{id}` needs `id`. */
type Placeholders<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

export interface KeyTemplate<Pk extends string = string, Sk extends string = string> {
  readonly pk: Pk;
  readonly sk: Sk;
}

export const indexNames = ["gsi1", "gsi2", "gsi3", "gsi4"] as const;
export type IndexName = (typeof indexNames)[number];

export interface ItemDefinition<
  S extends z.ZodObject = z.ZodObject,
  Pk extends string = string,
  Sk extends string = string,
> {
  /** Name of the item type, stored with every item and shown in docs/keys.md. */
  readonly type: string;
  readonly summary: string;
  readonly schema: S;
  readonly key: KeyTemplate<Pk, Sk>;
  readonly indexes: Partial<Record<IndexName, KeyTemplate>>;
  /** Written once: nothing changes or removes such an item before it expires, and no function's role may. */
  readonly append_only?: boolean;
  /** Fields of an item that is written once which may be changed nevertheless, for the erasure of what is in them. */
  readonly erasable?: readonly string[];
  /**
   * Name of the RFC 3339 field at which the item expires. From then on reads don't find it and a creation replaces it;
   * DynamoDB deletes it some time later. Conditions of other writes still meet it.
   */
  readonly expires?: string;
  /**
   * Fields that hold free JSON, of whatever keys, numbers and depth. They are kept as text: a map of the table takes no
   * empty keys, no numbers outside 1e-130 to 1e126 and 32 levels, and its client takes one with a key `constructor` for
   * a foreign object. A condition can't look into such a field.
   */
  readonly json: readonly string[];
}

/** The fields that make an item's primary key. */
export type KeyFields<D> =
  D extends ItemDefinition<z.ZodObject, infer Pk, infer Sk>
    ? { readonly [K in Placeholders<Pk> | Placeholders<Sk>]: string | number }
    : never;

export type ItemOf<D> = D extends ItemDefinition<infer S, string, string> ? z.output<S> : never;

const definitions: ItemDefinition[] = [];

/**
 * Declares one item type: its shape and where it lives in the table. Every key is prefixed with the tenant when it is
 * built, so a template never names one. An index is sparse: an item that lacks one of its fields is not in it.
 */
export function defineItem<
  S extends z.ZodObject,
  const Pk extends string,
  const Sk extends string,
  const I extends Partial<Record<IndexName, KeyTemplate>> = Record<never, never>,
>(definition: {
  type: string;
  summary: string;
  schema: S;
  key: [Placeholders<Pk> | Placeholders<Sk>] extends [keyof z.output<S>] ? KeyTemplate<Pk, Sk> : never;
  indexes?: I;
  append_only?: boolean;
  erasable?: readonly (keyof z.output<S> & string)[];
  expires?: keyof z.output<S> & string;
  json?: readonly (keyof z.output<S> & string)[];
}): ItemDefinition<S, Pk, Sk> {
  const defined = { indexes: {}, json: [], ...definition } as ItemDefinition<S, Pk, Sk>;
  for (const template of [defined.key, ...Object.values(defined.indexes)]) {
    for (const name of [...placeholders(template.pk), ...placeholders(template.sk)]) {
      if (!(name in defined.schema.shape))
        throw new Error(`${defined.type}: key names {${name}}, which is not a field`);
      if (defined.json.includes(name)) throw new Error(`${defined.type}: key names {${name}}, which is free JSON`);
    }
  }
  definitions.push(defined);
  return defined;
}

/** Every item type that has been declared by the modules loaded so far; the source of docs/keys.md. */
export const declaredItems = (): readonly ItemDefinition[] => definitions;

/** A template taken apart: `texts[i]` stands before the field `names[i]`, the last text after them all. */
interface Template {
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

/** Templates are constants of the code: each is taken apart once. */
const templates = new Map<string, Template>();

function takenApart(template: string): Template {
  const known = templates.get(template);
  if (known !== undefined) return known;
  const parts = template.split(/\{(\w+)\}/);
  const apart = { texts: parts.filter((_, i) => i % 2 === 0), names: parts.filter((_, i) => i % 2 === 1) };
  templates.set(template, apart);
  return apart;
}

export const placeholders = (template: string): readonly string[] => takenApart(template).names;

/** The partition keys that items of this type can have, of any tenant, as IAM compares them: `*` is any text. */
export const keyPattern = ({ key }: ItemDefinition): string => partition("*", key.pk.replaceAll(/\{\w+\}/g, "*"));

/** Numbers sort as text when padded; `#` separates parts, so a value may not hold one. */
export const encode = (value: unknown): string =>
  typeof value === "number"
    ? String(value).padStart(12, "0")
    : String(value).replaceAll("%", "%25").replaceAll("#", "%23");

/** Fills a template; undefined when a field is missing or null. */
export function fill(template: string, fields: Readonly<Record<string, unknown>>): string | undefined {
  const { texts, names } = takenApart(template);
  let text = texts[0] ?? "";
  for (let i = 0; i < names.length; i++) {
    const value = fields[names[i] ?? ""];
    if (value === undefined || value === null) return undefined;
    text += encode(value) + texts[i + 1];
  }
  return text;
}

/** The part of a template that is known from these fields: everything before the first missing placeholder. */
export function prefixOf(template: string, fields: Readonly<Record<string, unknown>>): string {
  const { texts, names } = takenApart(template);
  let prefix = texts[0] ?? "";
  for (let i = 0; i < names.length; i++) {
    const value = fields[names[i] ?? ""];
    if (value === undefined || value === null) return prefix;
    prefix += encode(value) + texts[i + 1];
  }
  return prefix;
}

/** What DynamoDB takes as a key of the table or of an index, in bytes of UTF-8. */
export const PK_BYTES = 2_048;
export const SK_BYTES = 1_024;

/**
 * A value is too long for the key that it is part of. The door of an operation bounds what people give; this names what
 * it forgot, before anything is sent.
 */
export class KeyTooLong extends Error {
  constructor(definition: ItemDefinition, name: string, bytes: number, most: number) {
    super(`${definition.type}: ${name} would have ${bytes} bytes; the table takes ${most}`);
    this.name = "KeyTooLong";
  }
}

function fitting(definition: ItemDefinition, name: string, key: string): string {
  const most = name.endsWith("pk") ? PK_BYTES : SK_BYTES;
  // A UTF-16 unit makes at most three bytes: short keys, which nearly all are, need no counting.
  if (key.length * 3 > most && Buffer.byteLength(key) > most)
    throw new KeyTooLong(definition, name, Buffer.byteLength(key), most);
  return key;
}

/** The tenant comes first in every key of the table and of every index. */
export const partition = (tenant: string, rest: string): string =>
  rest === "" ? `T#${tenant}` : `T#${tenant}#${rest}`;

export function primaryKey(definition: ItemDefinition, tenant: string, fields: Readonly<Record<string, unknown>>) {
  const pk = fill(definition.key.pk, fields);
  const sk = fill(definition.key.sk, fields);
  if (pk === undefined || sk === undefined) throw new Error(`${definition.type}: a key field is missing`);
  return { pk: fitting(definition, "pk", partition(tenant, pk)), sk: fitting(definition, "sk", sk) };
}

/** Index attributes of an item (`gsi1pk`, `gsi1sk`, …). */
export function indexAttributes(definition: ItemDefinition, tenant: string, fields: Readonly<Record<string, unknown>>) {
  const attributes: Record<string, string> = {};
  for (const [index, template] of Object.entries(definition.indexes)) {
    const pk = fill(template.pk, fields);
    const sk = fill(template.sk, fields);
    if (pk === undefined || sk === undefined) continue;
    attributes[`${index}pk`] = fitting(definition, `${index}pk`, partition(tenant, pk));
    attributes[`${index}sk`] = fitting(definition, `${index}sk`, sk);
  }
  return attributes;
}

/** The smallest and the largest number that the table takes, apart from zero. */
const SMALLEST = 1e-130;
const LARGEST = 1e126;

/**
 * A value as the table takes it. A number too small for it is nought. One that is too large or no number at all is a
 * fault of the schema that let it through.
 */
function storable(value: unknown): unknown {
  if (typeof value === "number") {
    if (!(Math.abs(value) < LARGEST)) throw new Error(`the number ${value} can't be stored`);
    return value !== 0 && Math.abs(value) < SMALLEST ? 0 : value;
  }
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== "object" || value === null || value instanceof Set || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, storable(one)]));
}

/** Fields of an item in their stored form; those that are undefined are left out. */
export function storedFields(definition: ItemDefinition, fields: object): Record<string, unknown> {
  const stored: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    stored[name] = definition.json.includes(name) ? JSON.stringify(value) : storable(value);
  }
  return stored;
}

/** The stored form of a value: the value itself, its keys, its type and its expiry. */
export function toStored(definition: ItemDefinition, tenant: string, value: Readonly<Record<string, unknown>>) {
  const expires = definition.expires === undefined ? undefined : value[definition.expires];
  return {
    ...storedFields(definition, value),
    ...primaryKey(definition, tenant, value),
    ...indexAttributes(definition, tenant, value),
    item_type: definition.type,
    ...(typeof expires === "string" ? { ttl: Math.floor(Date.parse(expires) / 1000) } : {}),
  };
}

/** Parses what the table returned. An item that does not fit its schema is a fault of ours and says which. */
export function fromStored<D extends ItemDefinition>(definition: D, stored: Record<string, unknown>): ItemOf<D> {
  const parsed = trusted(() =>
    definition.schema.safeParse(definition.json.length === 0 ? stored : withJson(definition, stored)),
  );
  if (!parsed.success) {
    throw new Error(
      `stored ${definition.type} ${String(stored.pk)}/${String(stored.sk)}: ${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data as ItemOf<D>;
}

/**
 * Whether an item's time is over: DynamoDB deletes it some time later, up to days, and until then nobody shall see it.
 */
export function isOver({ expires }: ItemDefinition, stored: Readonly<Record<string, unknown>>, now: Date): boolean {
  const at = expires === undefined ? undefined : stored[expires];
  return typeof at === "string" && at < timestamp(now);
}

function withJson(definition: ItemDefinition, stored: Record<string, unknown>): Record<string, unknown> {
  const fields = { ...stored };
  for (const name of definition.json) {
    const text = fields[name];
    if (typeof text === "string") fields[name] = JSON.parse(text);
  }
  return fields;
}
