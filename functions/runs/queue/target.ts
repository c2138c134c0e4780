import type { Read, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { USABLE_AGENT } from "../../agents/model.ts";
import { agentItem, type StoredAgent } from "../../agents/public.ts";
import { type Pipeline, pipelineItem } from "../../pipelines/public.ts";
import { type Denied, organizationStopped } from "../engine/rules/rights.ts";
import type { StoredRun } from "../store.ts";
import { LaneMoved } from "./places.ts";
import { pipelineTaking, turnedAway } from "./rules/turned-away.ts";

/** What runs are of. */
type Target = Pipeline | StoredAgent;

/** Reads what runs are of. */
export const readTarget = (table: TenantTable, id: string): Read<typeof pipelineItem> | Read<typeof agentItem> =>
  id.startsWith("pip_") ? table.read(pipelineItem, { id }) : table.read(agentItem, { id });

/** How many runs a pipeline has at a time, as it is set now; null for no limit of its own, as agents have none. */
export const limitFor = (target: Target | undefined): number | null =>
  target !== undefined && "max_concurrent_runs" in target ? target.max_concurrent_runs : null;

/** The same of a pipeline or agent that has not been read. */
export async function ownLimit(table: TenantTable, target_id: string): Promise<number | null> {
  if (!target_id.startsWith("pip_")) return null;
  return limitFor(await table.get(pipelineItem, { id: target_id }));
}

/** What a run is of takes it at the moment in which it is let in. */
export function stillTakes(table: TenantTable, { kind, mode, target_id: id }: StoredRun): Write {
  const moved = () => new LaneMoved();
  return kind === "agent"
    ? table.writes.check(agentItem, { id }, { one_of: { status: USABLE_AGENT } }, moved)
    : table.writes.check(pipelineItem, { id }, { one_of: { status: pipelineTaking(mode) } }, moved);
}

/** Why a waiting run is ended instead of being let in, as things stand now. */
export async function turnedAwayNow(table: TenantTable, run: StoredRun): Promise<Denied | undefined> {
  const [organization, target] = await table.table.batch([
    table.read(organizationItem, {}),
    readTarget(table, run.target_id),
  ]);
  return organization?.status === "active" ? turnedAway(run, target) : organizationStopped(organization);
}
