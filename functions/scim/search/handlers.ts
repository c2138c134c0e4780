import type { Handler } from "../../../shared/http/call.ts";
import type { DocumentAnswer } from "../../../shared/http/operation.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { listGroups } from "../groups/list.ts";
import { partOf } from "../listing/rules/query.ts";
import type { directoryOperations } from "../operations.ts";
import { listResponse } from "../protocol/lists.ts";
import { listUsers } from "../users/list.ts";

type Ops = typeof directoryOperations;

interface List {
  readonly totalResults: number;
  readonly Resources: readonly object[];
}

const listOf = ({ document }: DocumentAnswer): List => document as List;

/** Of all types (RFC 7644, 3.4.3): people first, then groups, as if the two lists were one. */
export const search: Handler<Ops["search"], Pick<Platform, "table">> = async (call, { table }) => {
  const { start, count } = partOf(call.body);
  const users = listOf(await listUsers(table, call, { ...call.body, startIndex: start, count }));
  const rest = { startIndex: Math.max(1, start - users.totalResults), count: count - users.Resources.length };
  const groups = listOf(await listGroups(table, call, { ...call.body, ...rest }));
  const total = users.totalResults + groups.totalResults;
  return { document: listResponse([...users.Resources, ...groups.Resources], { total, start }) };
};
