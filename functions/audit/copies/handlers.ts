import type { Handler } from "../../../shared/http/call.ts";
import type { AuditDeps } from "../deps.ts";
import type { copyOperations } from "./operations.ts";
import { copyItem } from "./store.ts";

type Ops = typeof copyOperations;

export const listCopies: Handler<Ops["listCopies"], AuditDeps> = ({ context, query }, { table }) =>
  table.of(context.tenant).page(copyItem, { of: {}, limit: query.limit, cursor: query.cursor, newest_first: true });

export const getCopy: Handler<Ops["getCopy"], AuditDeps> = (call) => call.load();
