/** What DynamoDB counts of a value, in bytes, by the rules of its "Item sizes and formats". Numbers are rounded up. */
export function sizeOf(value: unknown): number {
  if (value === null || value === undefined || typeof value === "boolean") return 1;
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return NUMBER_BYTES;
  if (value instanceof Uint8Array) return value.byteLength;
  if (value instanceof Set) return sum(value, sizeOf);
  if (Array.isArray(value)) return 3 + sum(value, (one) => 1 + sizeOf(one));
  return 3 + sum(Object.entries(value), ([name, one]) => 1 + Buffer.byteLength(name) + sizeOf(one));
}

/** Attributes of an item, or the values of an expression: names and values. */
export const sizeOfAttributes = (attributes: object | undefined): number =>
  sum(Object.entries(attributes ?? {}), ([name, value]) => Buffer.byteLength(name) + sizeOf(value));

/** 38 digits take 20 bytes, and a sign one. A double has at most 17. */
const NUMBER_BYTES = 11;

function sum<T>(values: Iterable<T>, size: (value: T) => number): number {
  let bytes = 0;
  for (const value of values) bytes += size(value);
  return bytes;
}
