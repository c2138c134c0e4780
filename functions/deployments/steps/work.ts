import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { addSeconds } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { removals, removeAll } from "../../../shared/dynamo/removals.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import type { WorkDeps } from "../deps.ts";
import { includes, STARTING, WORKED } from "../model.ts";
import { deploymentStates } from "../registry/model.ts";
import { deploymentDue, deploymentItem, deploymentLogItem, type StoredDeployment, slotItem } from "../store.ts";
import type { Changed } from "./changes.ts";
import { claim } from "./claim.ts";
import { begin, registerStep, verifyStep } from "./start.ts";
import { stopStep } from "./stop.ts";

/** Commits a change that is told. @returns the deployment as it is then; undefined where it was changed meanwhile */
export type Apply = (change: Changed) => Promise<StoredDeployment | undefined>;

/** A deployment of an organization that is suspended is looked at again after this. */
const HELD_SECONDS = 600;

/**
 * Works at a deployment as far as it goes: on its way to being served, or away from it. Whoever hears of it first does; a claim keeps
 * others from it, and what dies at it is taken up when the claim ends. What a deployment that was deleted has left is taken away.
 * @returns when to look again, where nothing was claimed
 */
export async function work(
  { tenant: of, ref: id }: Pick<Due, "tenant" | "ref">,
  deps: WorkDeps,
): Promise<Date | undefined> {
  const { table, clock } = deps;
  const tenant = table.of(of);
  const [organization, deployment] = await table.batch([
    tenant.read(organizationItem, {}),
    tenant.read(deploymentItem, { id }),
  ]);
  if (organization === undefined) return undefined;
  if (deployment === undefined) {
    await removeAll(tenant, removals(tenant, deploymentLogItem, { deployment_id: id }));
    return undefined;
  }
  if (!includes(WORKED, deployment.status)) return undefined;
  const starting = includes(STARTING, deployment.status);
  if (starting && organization.status !== "active") return addSeconds(clock.now(), HELD_SECONDS);
  let at: StoredDeployment | undefined = await claim(tenant, deployment, clock.now());
  if (at === undefined) return new Date(deployment.claimed_until);
  const { audit_days } = retentionOf(organization);
  const apply: Apply = async ({ next, writes, events }) => {
    try {
      const context = systemContext(of, deploymentDue.kind, clock.now(), audit_days);
      const [first, ...others] = events;
      // A step on the way is progress of the same change: its log tells of it.
      if (first === undefined) await tenant.transact(writes);
      else await commitChange(table, context, { writes, events: [first, ...others] });
      return next;
    } catch (error) {
      // Changed meanwhile, as by whoever stops it.
      if (error instanceof Problem && error.code === "precondition_failed") return undefined;
      throw error;
    }
  };
  if (at.status === "pending") at = await apply(begin(tenant, at, clock.now()));
  if (at?.status === "deploying") at = await registerStep(tenant, at, apply, deps);
  if (at?.status === "verifying") at = await verifyStep(tenant, organization, at, apply, deps);
  // What could not be verified is taken away at once.
  if (at?.status === "stopping") at = await stopStep(tenant, at, apply, deps);
  if (at !== undefined && deploymentStates.ends.includes(at.status)) await forgetSlot(tenant, at);
  return undefined;
}

/** A place that nothing has is forgotten. Should that fail, whoever comes next takes it as it is. */
async function forgetSlot(tenant: TenantTable, { gateway_id, target_id }: StoredDeployment): Promise<void> {
  const free = { absent: ["active_id", "starting_id"] } as const;
  const write = tenant.writes.remove(slotItem, { gateway_id, target_id }, free, lostRace);
  await tenant.transact([write]).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
  });
}
