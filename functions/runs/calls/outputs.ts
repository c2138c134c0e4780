import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { loadedValue, runValueItem } from "../store.ts";

/** Files that are read side by side. */
const WIDTH = 32;

/** Outputs of runs in their order; null for one that has none. */
export async function outputsOf(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  run_ids: readonly string[],
): Promise<Json[]> {
  const outputs: Json[] = [];
  for (let from = 0; from < run_ids.length; from += WIDTH) {
    const reads = run_ids
      .slice(from, from + WIDTH)
      .map((run_id) => table.read(runValueItem, { run_id, name: "output" }));
    const found = await table.table.batch(reads);
    outputs.push(...(await Promise.all(found.map(async (item) => (await loadedValue(blobs, item?.value)) ?? null))));
  }
  return outputs;
}
