import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { MAX_OUTPUT_BYTES } from "../model.ts";
import { loadedValue, runValueItem } from "../store.ts";

/** Values that are read side by side: what one batch takes. */
const WIDTH = 100;

/**
 * Outputs of runs in their order; null for one that has none. Undefined where they are together more than an output may be:
 * then none of their files is read.
 */
export async function outputsOf(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  run_ids: readonly string[],
): Promise<Json[] | undefined> {
  const values: (ItemOf<typeof runValueItem> | undefined)[] = [];
  let bytes = 0;
  for (let from = 0; from < run_ids.length; from += WIDTH) {
    const reads = run_ids
      .slice(from, from + WIDTH)
      .map((run_id) => table.read(runValueItem, { run_id, name: "output" }));
    const found = await table.table.batch(reads);
    values.push(...found);
    for (const item of found)
      if (item !== undefined) bytes += "inline" in item.value ? Buffer.byteLength(item.value.inline) : item.value.bytes;
    if (bytes > MAX_OUTPUT_BYTES) return undefined;
  }
  return Promise.all(values.map(async (item) => (await loadedValue(blobs, item?.value)) ?? null));
}
