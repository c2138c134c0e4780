import { auditCopying } from "../../functions/audit/copies/store.ts";
import { TREE } from "../../functions/audit/upkeep/store.ts";
import { type Company, eventually } from "./api.ts";
import { stackTable } from "./stack.ts";
import { sweepDue } from "./sweeper.ts";

export interface AuditCopy {
  readonly id: string;
  readonly first: number;
  readonly next: number;
  readonly kept_days: number;
  readonly on_hold: boolean;
  readonly sha256: string;
  readonly locked_until: string;
  readonly object: { readonly key: string; readonly version_id: string };
}

export const auditCopies = async (company: Company): Promise<AuditCopy[]> =>
  (await company.call("GET", "/audit/copies?limit=100")).body.items;

/** All copies once there are some of everything that has been logged: made now, and not in an hour. */
export async function auditCopied(company: Company): Promise<AuditCopy[]> {
  const { body } = await company.call("GET", "/audit/logs?limit=1");
  const newest = body.items[0].id;
  const size = await eventually(async () => {
    const { body: entry } = await company.call("GET", `/audit/logs/${newest}`);
    return entry.sequence === null ? undefined : Number(entry.sequence) + 1;
  }, "everything is numbered");
  const own = stackTable().of(company.organization_id);
  return eventually(async () => {
    const all = await auditCopies(company);
    if (all.some(({ next }) => next >= size)) return all;
    await own.transact([auditCopying.set(own, TREE, new Date())]);
    await sweepDue();
    return undefined;
  }, `${size} entries are copied`);
}
