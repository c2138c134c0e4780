import * as z from "zod";
import type { Table } from "../../shared/dynamo/table.ts";
import { UsageRecorded, usageItem, usageWrites } from "./store.ts";

/** A message of the bus as its queue delivers it, around a metered fact of the data plane. */
const toldSchema = z.object({ detail: usageItem.schema });

/**
 * Takes over a metered fact of the data plane: recorded here under the same source, so that one that is told twice counts once.
 * @throws ZodError for what is none, which ends among the dead letters
 */
export async function takeOver(message: unknown, { table }: { readonly table: Table }): Promise<void> {
  const { detail } = toldSchema.parse(message);
  const { organization_id, source_kind, source_id, call, occurred_at, day: _, actor, ...usage } = detail;
  if (source_kind !== "serve") throw new Error("the data plane tells of what it has served, and of nothing else");
  const tenant = table.of(organization_id);
  const source = { kind: source_kind, id: source_id, call };
  try {
    await tenant.transact(usageWrites(tenant, { at: new Date(occurred_at), actor }, { ...usage, source }));
  } catch (error) {
    if (!(error instanceof UsageRecorded)) throw error;
  }
}
