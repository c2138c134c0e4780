import type { z } from "zod";
import type { apiKeyUsageItem } from "../../../../shared/access/keys/items.ts";
import { type Outcome, outcomes } from "../../../../shared/access/keys/usage.ts";
import type { ItemOf } from "../../../../shared/dynamo/item.ts";
import type { usageView } from "../model.ts";

/** What an item says of a day, by operations in order. */
export function usageOf({ day, ...members }: ItemOf<typeof apiKeyUsageItem>): z.input<typeof usageView> {
  const by = new Map<string, Record<Outcome, number>>();
  const all = none();
  for (const [name, count] of Object.entries(members)) {
    const [operation = "", outcome] = name.split("#");
    const known = outcomes.find((one) => one === outcome);
    if (known === undefined || typeof count !== "number") continue;
    const counts = by.get(operation) ?? none();
    by.set(operation, counts);
    counts[known] += count;
    all[known] += count;
  }
  const operations = [...by].map(([operation, counts]) => ({ operation, ...counts }));
  return { day, ...all, operations: operations.sort((a, b) => (a.operation < b.operation ? -1 : 1)) };
}

const none = (): Record<Outcome, number> => ({ succeeded: 0, refused: 0, failed: 0 });
