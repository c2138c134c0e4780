import type { Files } from "../../../shared/blobs/files.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { IndexOf } from "./claim.ts";
import { readIndex, type TextIndex } from "./rules/file.ts";
import { indexKey, type StoredIndex, textIndexItem } from "./store.ts";

/** Vectors by what they stand for, all of one size. */
export type Known = Map<string, Float32Array>;

function learn(known: Known, index: TextIndex): void {
  const [first] = known.values();
  // Of two sizes those are of use that stand nearer to the text: of the others nothing can be told to them.
  if (first !== undefined && first.length !== index.dimensions) return;
  index.chunks.forEach(([start, end], i) => {
    const at = i * index.dimensions;
    if (at < index.vectors.length)
      known.set(index.text.slice(start, end), index.vectors.subarray(at, at + index.dimensions));
  });
}

/** Where a text's index is kept while it is not whole. */
export const partKey = (tenant: string, of: Parameters<typeof indexKey>[1]): string => `${indexKey(tenant, of)}.part`;

/**
 * What is known already: of this text from attempts before, of the text that the context had before, of the agent that this
 * one is a copy of.
 */
export async function knownBefore(
  tenant: string,
  { wanted, text, index, context_id }: IndexOf,
  { table, files }: { readonly table: Table; readonly files: Pick<Files, "bytes"> },
): Promise<Known> {
  const { agent_id, copied_from } = wanted;
  const of = { agent_id, text, index };
  const keys = [partKey(tenant, of), indexKey(tenant, of)];
  let last: StoredIndex | undefined;
  for await (const one of table.of(tenant).all(textIndexItem, { of: { agent_id, index } }))
    if (one.status === "ready" && one.context_id === context_id && one.updated_at > (last?.updated_at ?? ""))
      last = one;
  if (last !== undefined) keys.push(indexKey(tenant, last));
  if (copied_from !== undefined) keys.push(indexKey(tenant, { ...of, agent_id: copied_from }));
  const known: Known = new Map();
  for (const key of keys) {
    const file = await files.bytes(key);
    const found = file === undefined ? undefined : readIndex(file);
    if (found !== undefined) learn(known, found);
  }
  return known;
}
