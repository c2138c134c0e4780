import type { AttributeValue } from "@aws-sdk/client-dynamodb";

export type StoredItem = Readonly<Record<string, AttributeValue>>;

const textBytes = (text: string): number => Buffer.byteLength(text, "utf8");

/** Two digits take a byte, and the number one more. */
const numberBytes = (text: string): number => Math.ceil(text.replaceAll(/[-.]|^0+/g, "").length / 2) + 1;

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return textBytes(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.BOOL !== undefined || value.NULL !== undefined) return 1;
  if (value.M !== undefined) return 3 + sum(Object.values(value.M).map((one) => 1 + valueBytes(one))) + names(value.M);
  if (value.L !== undefined) return 3 + sum(value.L.map((one) => 1 + valueBytes(one)));
  if (value.SS !== undefined) return sum(value.SS.map(textBytes));
  if (value.NS !== undefined) return sum(value.NS.map(numberBytes));
  if (value.BS !== undefined) return sum(value.BS.map((one) => one.byteLength));
  throw new Error("an attribute of an unknown type");
}

const names = (fields: StoredItem): number => sum(Object.keys(fields).map(textBytes));

/** Size of an item by the rules of DynamoDB's pricing: names and values in UTF-8, 3 bytes a container, 1 an element. */
export const itemBytes = (item: StoredItem | undefined): number =>
  item === undefined ? 0 : names(item) + sum(Object.values(item).map(valueBytes));

/** Read units of so many bytes: 4 KB each, half as much when eventually consistent; nothing found costs the least. */
export const readUnits = (bytes: number, consistent: boolean): number =>
  Math.max(1, Math.ceil(bytes / 4_096)) * (consistent ? 1 : 0.5);

/** Write units of an item: 1 KB each. */
export const writeUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 1_024));
