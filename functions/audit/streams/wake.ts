import type { Table } from "../../../shared/dynamo/table.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import type { StreamHint } from "./deliver.ts";
import { streamItem } from "./store.ts";

/**
 * An organization's audit log has grown, or a stream of it has changed: hints at every active one. One that has nothing to send
 * costs its worker a read.
 */
export async function wake(
  tenant: string,
  { table, hints }: { readonly table: Table; readonly hints: Queue<StreamHint> },
): Promise<void> {
  const found: StreamHint[] = [];
  for await (const { id, status } of table.of(tenant).all(streamItem, { of: {} }))
    if (status === "active") found.push({ tenant, stream_id: id });
  await hints.send(found);
}
