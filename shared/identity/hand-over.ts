import type { EventDraft } from "../change/events.ts";
import type { TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { type OwnableKind, ownerWrites } from "./owned.ts";

/** One transaction's worth of giving a thing to another owner. */
export interface HandedOver {
  readonly writes: readonly Write[];
  /** Empty where there was nothing to give: the thing is gone, or somebody else's by now. */
  readonly events: readonly EventDraft[];
}

/**
 * How a kind of thing goes from somebody who leaves to another owner, or to nobody.
 * @returns writes that fail with `precondition_failed` where the thing has changed meanwhile
 */
export type HandOver = (own: TenantTable, id: string, from: string, to: string | null, at: Date) => Promise<HandedOver>;

/** Where a thing is gone, or another's: only the way to it is taken away. */
export const noChange = (
  own: TenantTable,
  thing: { readonly kind: OwnableKind; readonly id: string },
  from: string,
): HandedOver => ({ writes: ownerWrites(own, thing, from, null), events: [] });
