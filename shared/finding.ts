import type { ItemDefinition, ItemOf } from "./dynamo/item.ts";
import type { Page, PageRequest, TenantTable } from "./dynamo/table.ts";
import { cutText, foldText } from "./text.ts";

/**
 * Lists that are searched by beginnings. Each thing stands under some terms in one partition, sorted as text, so that all
 * with the same beginning are one query and no search costs more because there are more things.
 */

const TERM = 100;

/** A text as terms are kept, and as what somebody typed is compared with them. */
export const termOf = (text: string): string => cutText(foldText(text), TERM);

/** The terms of these texts, sorted, each once. */
export const termsOf = (texts: readonly string[]): string[] =>
  [...new Set(texts.map(termOf).filter((term) => term !== ""))].sort();

/** What has several terms that begin so is found by the first of them only: a list repeats nothing, whatever its pages. */
export const isFirstMatch = (term: string, terms: readonly string[], prefix: string): boolean =>
  terms.find((one) => one.startsWith(prefix)) === term;

/** Pages of the table that one page of ours looks into at most. */
const MOST_ROUNDS = 10;

/** A page of what `pick` leaves of the table's pages; never more than the limit, so that its cursor goes on exactly there. */
export async function filled<D extends ItemDefinition, T>(
  own: TenantTable,
  definition: D,
  request: PageRequest,
  pick: (items: ItemOf<D>[]) => Promise<T[]>,
): Promise<Page<T>> {
  const items: T[] = [];
  let cursor = request.cursor;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const page = await own.page(definition, { ...request, limit: request.limit - items.length, cursor });
    items.push(...(await pick(page.items)));
    cursor = page.next_cursor ?? undefined;
    if (cursor === undefined || items.length >= request.limit) break;
  }
  return { items, next_cursor: cursor ?? null };
}
