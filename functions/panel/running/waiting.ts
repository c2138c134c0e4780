import { setTimeout as sleep } from "node:timers/promises";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { type Lease, takeLease } from "../../../shared/limits/leases.ts";
import { goesOn } from "../../runs/trial/public.ts";
import type { PanelDeps } from "../deps.ts";

/** A request to the API ends before; a place that was not given back is free again then. */
const LEASE_SECONDS = 30;
/** Between two looks: short at first, since most tests are. */
const LOOK_MS = { least: 100, most: 1_000 } as const;

/**
 * Waits for the end of a run, until then at the latest. Whoever waits holds one of the plan's places for streams, since each
 * wait holds an instance of the function that all organizations share; where none is free there is no waiting.
 */
export async function waitForEnd(
  table: TenantTable,
  { clock, log }: Pick<PanelDeps, "clock" | "log">,
  plan: Organization["plan"],
  run_id: string,
  until: number,
): Promise<void> {
  const lease = await placeOf(table, plan, () => clock.now());
  if (lease === undefined) return;
  try {
    let look: number = LOOK_MS.least;
    while (clock.now().getTime() + look < until && (await goesOn(table, run_id))) {
      await sleep(look);
      look = Math.min(look * 1.2, LOOK_MS.most);
    }
  } finally {
    // A place that cannot be given back is free again when its time is over.
    await lease.give().catch((error: unknown) => log.error("lease.kept", error));
  }
}

async function placeOf(table: TenantTable, plan: Organization["plan"], now: () => Date): Promise<Lease | undefined> {
  try {
    return await takeLease(table, plan, "streams", LEASE_SECONDS, now);
  } catch (error) {
    if (error instanceof Problem && error.code === "quota_exceeded") return undefined;
    throw error;
  }
}
