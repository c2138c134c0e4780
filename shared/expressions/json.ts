import * as z from "zod";

/** A JSON value. Everything that travels through a graph is one. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object that is still being built. */
export type JsonObject = { [key: string]: Json };

export interface JsonLimits {
  /** Deepest nesting of arrays and objects. */
  readonly depth: number;
  /** Length of the JSON text in characters, near enough: escapes are not counted. */
  readonly size: number;
}

export type BoundedJson =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly code: "not_json" | "too_deep" | "too_large"; readonly message: string };

/** Sets an own property whatever its name: a plain assignment to `__proto__` would change the prototype instead. */
export function setOwn(target: JsonObject, key: string, value: Json): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}

/** Whether the value is an object in the sense of JSON: no array, not null. */
export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

class OutOfBounds extends Error {
  readonly code: "not_json" | "too_deep" | "too_large";
  constructor(code: "not_json" | "too_deep" | "too_large", message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A clean copy of a value that is JSON within the limits. Members that are undefined are left out, as JSON.stringify does;
 * functions, symbols, dates, NaN and infinities are no JSON and are refused instead of being turned into something else.
 */
export function boundedJson(value: unknown, limits: JsonLimits): BoundedJson {
  let size = 0;
  const spend = (amount: number) => {
    size += amount;
    if (size > limits.size) throw new OutOfBounds("too_large", `is larger than ${limits.size} characters of JSON`);
  };
  const copy = (item: unknown, depth: number): Json => {
    if (item === null || typeof item === "boolean") {
      spend(5);
      return item;
    }
    if (typeof item === "string") {
      spend(item.length + 2);
      return item;
    }
    if (typeof item === "number" && Number.isFinite(item)) {
      spend(4);
      return item;
    }
    if (typeof item !== "object")
      throw new OutOfBounds("not_json", "is not JSON (a function, or a number that is not finite)");
    if (depth >= limits.depth) throw new OutOfBounds("too_deep", `is nested deeper than ${limits.depth} levels`);
    spend(2);
    if (Array.isArray(item)) {
      return item.map((member) => {
        spend(1);
        return member === undefined ? null : copy(member, depth + 1);
      });
    }
    const result: JsonObject = {};
    for (const [key, member] of Object.entries(item)) {
      if (member === undefined) continue;
      spend(key.length + 4);
      setOwn(result, key, copy(member, depth + 1));
    }
    return result;
  };
  try {
    return { ok: true, value: copy(value, 0) };
  } catch (error) {
    if (error instanceof OutOfBounds) return { ok: false, code: error.code, message: error.message };
    throw error;
  }
}

/** Schema of any JSON value within limits. */
export const jsonValue = (limits: JsonLimits) =>
  z.unknown().superRefine((value, context) => {
    const result = boundedJson(value, limits);
    if (!result.ok) context.addIssue({ code: "custom", message: result.message, input: value });
  }) as z.ZodType<Json>;

/**
 * The one text of a JSON value (RFC 8785): keys in the order of their UTF-16 code units, no spaces, numbers as ECMAScript writes them.
 * Two values that differ only in the order of keys have the same text. Takes JSON; members that are undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let members = "";
  // Without a comparison of its own, `sort` orders by code units.
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) members += `${members === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}
