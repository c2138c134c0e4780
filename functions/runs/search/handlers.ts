import type { Handler } from "../../../shared/http/call.ts";
import type { RunReads } from "../deps.ts";
import { summaryOf } from "../model.ts";
import { findRuns } from "./find.ts";
import type { searchOperations } from "./operations.ts";

type Ops = typeof searchOperations;

export const list: Handler<Ops["list"], Pick<RunReads, "table">> = async ({ query, caller }, deps) => {
  const { limit, cursor, from, to, ...filters } = query;
  const page = await findRuns(deps.table.of(caller.organization.id), filters, { limit, cursor, from, to });
  return { ...page, items: page.items.map(({ run, state }) => summaryOf(run, state)) };
};
