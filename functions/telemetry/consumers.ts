import * as z from "zod";
import type { Envelope } from "../../shared/change/events.ts";
import type { Due } from "../../shared/due/item.ts";
import { type TellDeps, type Telling, tellOf } from "./exporting/tell.ts";
import { traceExportDue } from "./store.ts";

/** The end of a run, or `agent.executed`: the organization's collector is told of it, and told again where it could not listen. */
export async function tell(event: Envelope, deps: TellDeps): Promise<void> {
  const table = deps.table.of(event.organization_id);
  const about = event.type === "agent.executed" ? event.id : z.string().parse(event.data.run_id);
  const left = await tellOf(table, { about, from: 0 }, deps);
  if (left !== undefined) await table.transact([traceExportDue.set(table, refOf(left), left.at)]);
}

/** `trace_export`: what a collector could not take. Once it has taken a part, the rest is another thing that is due. */
export async function tellAgain({ tenant, ref }: Due, deps: TellDeps): Promise<Date | undefined> {
  const table = deps.table.of(tenant);
  const [about = "", from = "0"] = ref.split("/");
  const left = await tellOf(table, { about, from: Number(from) }, deps);
  if (left === undefined || refOf(left) === ref) return left?.at;
  await table.transact([traceExportDue.set(table, refOf(left), left.at)]);
  return undefined;
}

const refOf = ({ about, from }: Telling): string => (from === 0 ? about : `${about}/${from}`);
