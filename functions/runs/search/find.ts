import { decodeCursor, encodeCursor, invalidCursor, queryFingerprint } from "../../../shared/dynamo/cursor.ts";
import type { Page, PageRequest, TenantTable } from "../../../shared/dynamo/table.ts";
import { idBounds, type TimeRange } from "../../../shared/http/time-range.ts";
import { type LoadedRun, runItem, runLabelItem, runStateItem, type StoredRun } from "../store.ts";
import { costFits, fits, leavesOut, MOST_LOOKED_AT, type Place, placeOf, type RunFilters } from "./rules/filters.ts";

/** Runs that are looked at together, where filters leave some out: as many as one batch reads. */
const TOGETHER = 100;

/**
 * A page of the runs that fit, newest first. It reads them where the table keeps them in order, and looks until the page is full
 * or has looked at enough; its cursor says where in which page of the table it ended, so nothing is missed or shown twice.
 */
export async function findRuns(
  table: TenantTable,
  filters: RunFilters,
  { limit, cursor, ...range }: TimeRange & { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<LoadedRun>> {
  const place = placeOf(filters);
  const fingerprint = queryFingerprint([table.tenant, "runs", filters, range]);
  const sparse = leavesOut(filters, place);
  const items: LoadedRun[] = [];
  let at = cursor === undefined ? START : whereOf(fingerprint, cursor);
  for (let looked = 0; looked < MOST_LOOKED_AT; ) {
    const wanted = limit - items.length;
    const count = sparse ? TOGETHER : wanted;
    const page = await candidates(table, place, {
      ...idBounds("run", range),
      limit: count,
      cursor: at.page === "" ? undefined : at.page,
    });
    const { after } = at;
    const left = page.runs.filter((run) => (after === "" || run.id < after) && fits(run, filters));
    const found = (await loaded(table, left)).filter(({ state }) => costFits(state, filters));
    items.push(...found.slice(0, wanted));
    const last = found.length > wanted ? found[wanted - 1] : undefined;
    if (last !== undefined) at = { page: at.page, after: last.run.id };
    else if (page.next_cursor === null) return { items, next_cursor: null };
    else at = { page: page.next_cursor, after: "" };
    if (items.length === limit) break;
    looked += count;
  }
  return { items, next_cursor: encodeCursor(fingerprint, { ...at }) };
}

/** Where a page ended: in the table's page that begins there, after this run. */
interface Where {
  readonly page: string;
  readonly after: string;
}

const START: Where = { page: "", after: "" };

function whereOf(fingerprint: string, cursor: string): Where {
  const { page, after } = decodeCursor(fingerprint, cursor);
  if (page === undefined || after === undefined) throw invalidCursor();
  return { page, after };
}

/** A page of the runs of a place. */
async function candidates(
  table: TenantTable,
  place: Place,
  bounds: Pick<PageRequest, "from" | "to" | "limit" | "cursor">,
): Promise<{ readonly runs: readonly StoredRun[]; readonly next_cursor: string | null }> {
  const request = { ...bounds, newest_first: true } as const;
  if (place.by !== "label") {
    const { items, next_cursor } = await table.page(runItem, { ...request, ...indexOf(place) });
    return { runs: items, next_cursor };
  }
  const { items, next_cursor } = await table.page(runLabelItem, { ...request, of: { label: place.label } });
  const runs = await table.table.batch(items.map(({ run_id }) => table.read(runItem, { id: run_id })));
  return { runs: runs.filter((run) => run !== undefined), next_cursor };
}

function indexOf(place: Exclude<Place, { by: "label" }>): Pick<PageRequest, "index" | "of"> {
  const listed = "outermost";
  switch (place.by) {
    case "parent":
      return { index: "gsi4", of: { parent_run_id: place.parent_run_id } };
    case "target":
      return { index: "gsi2", of: { target_id: place.target_id, listed } };
    case "status":
      return { index: "gsi3", of: { status: place.status } };
    case "all":
      return { index: "gsi1", of: { listed } };
  }
}

async function loaded(table: TenantTable, runs: readonly StoredRun[]): Promise<LoadedRun[]> {
  const states = await table.table.batch(runs.map(({ id }) => table.read(runStateItem, { run_id: id })));
  return runs.flatMap((run, i) => {
    const state = states[i];
    return state === undefined ? [] : [{ run, state }];
  });
}
