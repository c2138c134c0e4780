import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { deploymentDue, type StoredDeployment } from "../store.ts";
import { changed } from "./changes.ts";

/** Longer than any step takes: who has claimed it and is gone by then is taken for dead. */
const CLAIM_SECONDS = 120;

/**
 * Takes a deployment to work at it: nobody else does until the claim ends, and should we not come to an end, it is due then.
 * @returns it as it is then; undefined where somebody else was first
 */
export async function claim(
  tenant: TenantTable,
  read: StoredDeployment,
  at: Date,
): Promise<StoredDeployment | undefined> {
  if (read.claimed_until > timestamp(at)) return undefined;
  const until = addSeconds(at, CLAIM_SECONDS);
  const { next, writes } = changed(tenant, read, { claimed_until: timestamp(until) }, undefined, at);
  try {
    await tenant.transact([...writes, deploymentDue.set(tenant, read.id, until)]);
    return next;
  } catch (error) {
    if (error instanceof Problem && error.code === "precondition_failed") return undefined;
    throw error;
  }
}
