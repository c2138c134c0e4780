import * as z from "zod";
import type { Envelope } from "../../../shared/change/events.ts";
import { addSeconds } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { RunControl } from "../deps.ts";
import { wakingName } from "../engine/rules/ticket.ts";
import { isLive } from "../model.ts";
import { hasParked, isParked, type RunStep, runStateItem, runStepItem } from "../store.ts";

/** A step that was woken and still waits is woken again after this: what it waits for is late, or a wake was lost. */
const WAKE_AGAIN_SECONDS = 300;

/**
 * `run_wake`: wakes a step whose time has come, and again as long as it waits. The execution is named after step and time, so a
 * message that comes twice wakes it once.
 * @returns when to look whether it still waits
 */
export async function wake({ tenant, ref, at }: Due, deps: RunControl): Promise<Date | undefined> {
  const [run_id = "", node_id = "", attempt = ""] = ref.split("/");
  const waits = await wakeStep(deps.table.of(tenant), { run_id, node_id, attempt: Number(attempt) }, at, deps);
  return waits ? addSeconds(deps.clock.now(), WAKE_AGAIN_SECONDS) : undefined;
}

const waitingStep = z.object({ run_id: z.string(), node_id: z.string(), attempt: z.int() });

/** An event of what a step waits for, which names the step: wakes it, once for each event. */
export async function wakeBy(event: Envelope, deps: RunControl): Promise<void> {
  await wakeStep(deps.table.of(event.organization_id), waitingStep.parse(event.data), event.id, deps);
}

/**
 * Starts the execution that looks again at a step which waits. Also where it has been settled meanwhile: whoever did that may
 * have died before going on from it, and who is woken goes on then.
 * @param cause what has happened: for the same cause it is started once
 * @returns whether the step waits
 */
async function wakeStep(
  table: TenantTable,
  { run_id, node_id, attempt }: Pick<RunStep, "run_id" | "node_id" | "attempt">,
  cause: string,
  { workflow }: Pick<RunControl, "workflow">,
): Promise<boolean> {
  const [step, state] = await table.table.batch([
    table.read(runStepItem, { run_id, node_id, attempt }),
    table.read(runStateItem, { run_id }),
  ]);
  if (step === undefined || state === undefined || !isLive(state.status) || !hasParked(step)) return false;
  await workflow.wake(table.tenant, run_id, { node: node_id, attempt }, wakingName(run_id, node_id, attempt, cause));
  return isParked(step);
}
