import type { Call } from "./call.ts";
import type { Shows } from "./judge.ts";
import type { OperationShape } from "./operation.ts";

/** How often a list is read on to fill a page of which policies hide some. Then the page is short, and its cursor goes on. */
export const MOST_READS_A_PAGE = 10;

interface Page {
  readonly items: readonly unknown[];
  readonly next_cursor: string | null;
}

/**
 * Answers a list with what may be shown of it: what a policy would refuse one by one is left out, and the page is filled from
 * what follows. Each read asks for no more than there is room for, so a cursor never stands behind something that was
 * left out for want of room.
 */
export async function showing<C extends Call<OperationShape>>(
  shows: Shows,
  call: C,
  answer: (call: C) => Promise<unknown>,
): Promise<unknown> {
  if (shows === undefined) return answer(call);
  const query = call.query as { readonly limit?: number };
  let page = (await answer(call)) as Page;
  const items = page.items.filter(shows);
  const room = query.limit ?? 0;
  for (let reads = 1; page.next_cursor !== null && items.length < room && reads < MOST_READS_A_PAGE; reads++) {
    const next = { ...query, limit: room - items.length, cursor: page.next_cursor };
    // The same call in everything else: what it offers hangs on itself.
    page = (await answer(Object.create(call, { query: { value: next, enumerable: true } }))) as Page;
    items.push(...page.items.filter(shows));
  }
  return { ...page, items };
}
